import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests.support import image_bytes, picture_of
from transforms.imaging.boxes import map_box
from transforms.imaging.geometry import Box, target_of
from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, resize_image
from transforms.imaging.spec import FITS, ResizeSpec

WHOLE = (0, 0, 400, 200)


@pytest.mark.parametrize(
    ("box", "source_box", "output_box", "orientation", "expected"),
    [
        ((40, 20, 80, 60), WHOLE, (0, 0, 100, 50), 1, (10, 5, 20, 15)),
        ((0, 0, 400, 200), WHOLE, (0, 25, 100, 75), 1, (0, 25, 100, 75)),
        ((0, 0, 200, 200), (100, 0, 300, 200), (0, 0, 50, 50), 1, (0, 0, 25, 50)),  # clipped on the left
        ((0, 0, 100, 200), (100, 0, 300, 200), (0, 0, 50, 50), 1, None),  # outside
        ((40, 20, 40, 60), WHOLE, (0, 0, 100, 50), 1, None),  # no width
        ((0, 0, 40, 20), WHOLE, (0, 0, 100, 50), 3, (90, 45, 100, 50)),
        ((0, 0, 40, 20), WHOLE, (0, 0, 50, 100), 6, (45, 0, 50, 10)),
        ((0, 0, 40, 20), WHOLE, (0, 0, 50, 100), 8, (0, 90, 5, 100)),
    ],
)
def test_map_box(box: Box, source_box: Box, output_box: Box, orientation: int, expected: Box | None) -> None:
    mapped = map_box(box, source_box, output_box, orientation)
    assert mapped == (expected if expected is None else pytest.approx(expected))


def test_normalised_boxes() -> None:
    assert map_box((0.1, 0.1, 0.2, 0.3), WHOLE, (0, 0, 100, 50), source_size=(400, 200)) == pytest.approx(
        (10, 5, 20, 15)
    )


@given(
    box=st.tuples(*[st.floats(0, 1)] * 4).map(
        lambda four: (*map(min, four[:2], four[2:]), *map(max, four[:2], four[2:]))
    ),
    size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    orientation=st.integers(1, 8),
    fit=st.sampled_from(FITS),
)
def test_a_mapped_box_lies_where_the_picture_is(box: Box, size: tuple[int, int], orientation: int, fit: str) -> None:
    target = target_of(size, 100, ResizeSpec(fit=fit, orientation="exif"), orientation)
    mapped = map_box(box, target.source_box, target.output_box, orientation, size)
    if mapped is not None:
        x0, y0, x1, y1 = target.output_box
        assert x0 - 1e-6 <= mapped[0] <= mapped[2] <= x1 + 1e-6
        assert y0 - 1e-6 <= mapped[1] <= mapped[3] <= y1 + 1e-6


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_mapped_box_is_where_the_pixels_went(fit: str, orientation: int) -> None:
    """A red block, turned by the EXIF tag, is in the box to which `map_box` maps its own box."""
    image, block = Image.new("RGB", (300, 200), "black"), (120, 40, 180, 120)
    ImageDraw.Draw(image).rectangle((block[0], block[1], block[2] - 1, block[3] - 1), fill="red")
    exif = Image.Exif()
    exif[0x0112] = orientation
    spec = ResizeSpec(
        sizes=(100,), fit=fit, orientation="exif", extension="png", pad_color="#000000" if fit == "pad" else "#ffffff"
    )
    (output,) = resize_image(open_image(image_bytes(image, "PNG", exif=exif)), spec).outputs.values()
    assert isinstance(output, Encoded)
    mapped = map_box(block, output.target.source_box, output.target.output_box, output.target.orientation)
    actual = picture_of(output.data).getchannel("R").point(lambda value: 255 * (value > 127)).getbbox()
    assert mapped is not None
    assert actual == pytest.approx(mapped, abs=1.01)
    assert picture_of(output.data).size == output.target.dimensions
