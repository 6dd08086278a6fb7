import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.imaging.geometry import Target, can_chain, contain, reduced_request, targets
from transforms.imaging.spec import ResizeSpec

SIDES = st.integers(1, 70_000)
SIZES = st.integers(1, 65_500)


@pytest.mark.parametrize(
    ("source", "size", "expected"),
    [
        ((1024, 683), 512, (512, 341)),
        ((683, 1024), 512, (341, 512)),
        ((1024, 1024), 256, (256, 256)),
        ((100, 50), 512, (512, 256)),
        ((3000, 4), 512, (512, 1)),
        ((4, 3000), 512, (1, 512)),
        ((1, 1), 1, (1, 1)),
        ((49, 49), 512, (512, 511)),  # as the first image_resizer.py has it: int(49 * (512 / 49)) is 511
    ],
)
def test_contain(source: tuple[int, int], size: int, expected: tuple[int, int]) -> None:
    assert contain(source, size) == expected


@pytest.mark.parametrize(
    ("source", "expected"), [((100, 50), (100, 50)), ((512, 9), (512, 9)), ((513, 100), (512, 99))]
)
def test_only_shrink_leaves_small_images_alone(source: tuple[int, int], expected: tuple[int, int]) -> None:
    assert contain(source, 512, only_shrink=True) == expected


@given(SIDES, SIDES, SIZES)
def test_contain_fills_the_size_and_keeps_the_ratio(width: int, height: int, size: int) -> None:
    new_width, new_height = contain((width, height), size)
    assert max(new_width, new_height) == size
    assert min(new_width, new_height) >= 1
    scale = size / max(width, height)
    assert abs(new_width - width * scale) <= 1
    assert abs(new_height - height * scale) <= 1


@given(SIDES, SIDES, SIZES)
def test_only_shrink_never_enlarges(width: int, height: int, size: int) -> None:
    new_width, new_height = contain((width, height), size, only_shrink=True)
    assert new_width <= width
    assert new_height <= height


def test_targets_come_largest_first() -> None:
    spec = ResizeSpec(sizes=(64, 512, 256))
    assert targets((1000, 500), spec) == [Target(512, 512, 256), Target(256, 256, 128), Target(64, 64, 32)]


def test_reduced_request_rounds_up() -> None:
    assert reduced_request(Target(512, 512, 341), 1.5) == (768, 512)


@pytest.mark.parametrize(
    ("larger", "smaller", "expected"),
    [
        (Target(512, 512, 384), Target(256, 256, 192), True),
        (Target(512, 512, 384), Target(300, 300, 225), False),  # not twice as large
        (Target(512, 512, 1), Target(256, 256, 1), False),  # nor on one side
        (Target(2000, 2000, 1500), Target(256, 256, 192), False),  # enlarged itself
    ],
)
def test_can_chain(larger: Target, smaller: Target, expected: bool) -> None:
    assert can_chain((1000, 750), larger, smaller) is expected
