from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from transforms.imaging.errors import Skip
from transforms.imaging.geometry import (
    Box,
    Target,
    box_in,
    can_chain,
    contain,
    cover,
    reduced_request,
    skip_reason,
    target_of,
    targets,
)
from transforms.imaging.spec import FITS, ResizeSpec

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
        ((49, 49), 512, (512, 511)),  # as in the first image_resizer.py: int(49 * (512 / 49)) is 511
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


def whole(size: int, width: int, height: int, source: tuple[int, int] = (1000, 750)) -> Target:
    return Target(size, width, height, (0, 0, *source), (0, 0, width, height))


def test_targets_come_largest_first() -> None:
    spec = ResizeSpec(sizes=(64, 512, 256))
    wanted = [whole(512, 512, 256, (1000, 500)), whole(256, 256, 128, (1000, 500)), whole(64, 64, 32, (1000, 500))]
    assert targets((1000, 500), spec) == wanted


@pytest.mark.parametrize(
    ("fit", "source", "dimensions", "source_box", "output_box"),
    [
        ("contain", (1000, 500), (100, 50), (0, 0, 1000, 500), (0, 0, 100, 50)),
        ("cover", (1000, 500), (200, 100), (0, 0, 1000, 500), (0, 0, 200, 100)),
        ("cover", (333, 1000), (100, 300), (0, 0, 333, 1000), (0, 0, 100, 300)),
        ("crop", (1000, 500), (100, 100), (250, 0, 750, 500), (0, 0, 100, 100)),
        ("crop", (500, 1001), (100, 100), (0, 250.5, 500, 750.5), (0, 0, 100, 100)),
        ("crop", (10, 30), (100, 100), (0, 10, 10, 20), (0, 0, 100, 100)),
        ("pad", (1000, 500), (100, 100), (0, 0, 1000, 500), (0, 25, 100, 75)),
        ("pad", (300, 1000), (100, 100), (0, 0, 300, 1000), (35, 0, 65, 100)),
        ("pad", (10, 5), (100, 100), (0, 0, 10, 5), (0, 25, 100, 75)),
        ("stretch", (1000, 500), (100, 100), (0, 0, 1000, 500), (0, 0, 100, 100)),
    ],
)
def test_fit_modes(
    fit: str, source: tuple[int, int], dimensions: tuple[int, int], source_box: Box, output_box: Box
) -> None:
    target = target_of(source, 100, ResizeSpec(fit=fit))
    assert target == (100, *dimensions, source_box, output_box, 1)


@pytest.mark.parametrize(
    ("fit", "source", "dimensions", "source_box", "output_box"),
    [
        ("cover", (150, 90), (150, 90), (0, 0, 150, 90), (0, 0, 150, 90)),
        ("cover", (220, 110), (200, 100), (0, 0, 220, 110), (0, 0, 200, 100)),
        ("crop", (150, 90), (100, 90), (25, 0, 125, 90), (0, 0, 100, 90)),
        ("crop", (30, 20), (30, 20), (0, 0, 30, 20), (0, 0, 30, 20)),
        ("crop", (220, 110), (100, 100), (55, 0, 165, 110), (0, 0, 100, 100)),
        ("pad", (30, 20), (100, 100), (0, 0, 30, 20), (35, 40, 65, 60)),
        ("pad", (200, 100), (100, 100), (0, 0, 200, 100), (0, 25, 100, 75)),
    ],
)
def test_fit_modes_that_only_shrink(
    fit: str, source: tuple[int, int], dimensions: tuple[int, int], source_box: Box, output_box: Box
) -> None:
    target = target_of(source, 100, ResizeSpec(fit=fit, only_shrink=True))
    assert target == (100, *dimensions, source_box, output_box, 1)


@given(SIDES, SIDES, st.integers(1, 2000), st.sampled_from(FITS), st.booleans())
def test_every_box_lies_in_its_picture(width: int, height: int, size: int, fit: str, only_shrink: bool) -> None:
    assume(not (fit == "stretch" and only_shrink))
    target = target_of((width, height), size, ResizeSpec(fit=fit, only_shrink=only_shrink))
    for (x0, y0, x1, y1), (right, bottom) in (
        (target.source_box, (width, height)),
        (target.output_box, target.dimensions),
    ):
        assert 0 <= x0 < x1 <= right
        assert 0 <= y0 < y1 <= bottom
    if fit in ("crop", "pad", "stretch") and not only_shrink:
        assert target.dimensions == (size, size)


def test_reduced_request_rounds_up() -> None:
    assert reduced_request((1000, 666), whole(512, 512, 341, (1000, 666)), 1.5) == (768, 512)


def test_reduced_request_is_for_the_part_that_is_shown() -> None:
    assert reduced_request((2000, 500), target_of((2000, 500), 100, ResizeSpec(fit="crop")), 1.5) == (600, 150)


@pytest.mark.parametrize(
    ("decoded", "box", "expected"),
    [
        ((0, 0, 1000.25, 750.25), (0, 0, 4001, 3001), (0, 0, 1000.25, 750.25)),
        ((0, 0, 4001, 3001), (500, 0, 3501, 3001), (500, 0, 3501, 3001)),
        ((0, 0, 2000.5, 1500.5), (500, 0, 3501, 3001), (250, 0, 1750.5, 1500.5)),
    ],
)
def test_box_in_the_decoded_image(decoded: Box, box: Box, expected: Box) -> None:
    assert box_in(decoded, (4001, 3001), box) == expected


@pytest.mark.parametrize(
    ("larger", "smaller", "expected"),
    [
        (whole(512, 512, 384), whole(256, 256, 192), True),
        (whole(512, 512, 384), whole(300, 300, 225), False),  # not twice as large
        (whole(512, 512, 1), whole(256, 256, 1), False),  # not on both sides
        (whole(2000, 2000, 1500), whole(256, 256, 192), False),  # the larger one is enlarged
        (whole(512, 512, 384), whole(256, 256, 192)._replace(source_box=(9, 0, 1000, 750)), False),  # another part
    ],
)
def test_can_chain(larger: Target, smaller: Target, expected: bool) -> None:
    assert can_chain(larger, smaller) is expected


@pytest.mark.parametrize(
    ("source", "filters", "expected"),
    [
        ((100, 50), {}, None),
        ((100, 50), {"min_side": 50}, None),
        ((100, 49), {"min_side": 50}, Skip.MIN_SIDE),
        ((50, 100), {"max_aspect": 2}, None),
        ((50, 101), {"max_aspect": 2}, Skip.MAX_ASPECT),
        ((10, 101), {"min_side": 50, "max_aspect": 2}, Skip.MIN_SIDE),
    ],
)
def test_filters(source: tuple[int, int], filters: dict[str, Any], expected: Skip | None) -> None:
    assert skip_reason(source, ResizeSpec(**filters)) == expected


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 1000))
def test_no_side_of_cover_is_below_the_size(width: int, height: int, size: int) -> None:
    assert min(cover((width, height), size)) == size


def test_cover_of_a_square() -> None:
    assert cover((600, 600), 55) == (55, 55)
