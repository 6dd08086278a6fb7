"""The settings of encoders, verified in the files that they write."""

import io
from typing import Any

import pytest
from PIL import Image, ImageChops, JpegImagePlugin

from tests.support import image_bytes, jpeg, picture_of
from tests.support.comparison import psnr
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, resize_image
from transforms.imaging.spec import ResizeSpec

PHOTO = jpeg(3, (300, 200))


def output_of(data: bytes, extension: str, **settings: Any) -> bytes:
    spec = ResizeSpec(**{"sizes": (100,), "extension": extension, **settings})
    (output,) = resize_image(open_image(data), spec).outputs.values()
    assert isinstance(output, Encoded)
    return output.data


def exact_pixels() -> Image.Image:
    return picture_of(PHOTO).resize((100, 66), Image.Resampling.LANCZOS)


@pytest.mark.parametrize(("subsampling", "number"), [(None, 2), ("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
def test_subsampling_of_jpeg(subsampling: str | None, number: int) -> None:
    image = Image.open(io.BytesIO(output_of(PHOTO, "jpg", subsampling=subsampling)))
    assert JpegImagePlugin.get_sampling(image) == number


def test_subsampling_of_avif() -> None:
    few, many = (output_of(PHOTO, "avif", subsampling=value, quality=95) for value in ("4:2:0", "4:4:4"))
    # av1C: bits 2 and 3 of the third byte state whether chroma is subsampled vertically and horizontally.
    flags = [data[data.index(b"av1C") + 6] >> 2 & 3 for data in (few, many)]
    assert flags == [3, 0]


def test_progressive() -> None:
    plain, progressive = (output_of(PHOTO, "jpg", progressive=value) for value in (False, True))
    assert ("progressive" in Image.open(io.BytesIO(progressive)).info) is True
    assert ("progressive" in Image.open(io.BytesIO(plain)).info) is False
    assert ImageChops.difference(picture_of(plain), picture_of(progressive)).getbbox() is None


def test_lossless() -> None:
    assert picture_of(output_of(PHOTO, "webp", lossless=True, exact=True)).tobytes() == exact_pixels().tobytes()
    assert picture_of(output_of(PHOTO, "webp", exact=True)).tobytes() != exact_pixels().tobytes()


@pytest.mark.parametrize("extension", ["jpg", "webp", "avif"])
def test_quality(extension: str) -> None:
    low, high = (output_of(PHOTO, extension, quality=quality) for quality in (20, 95))
    assert len(low) < len(high)
    assert psnr(picture_of(low), exact_pixels()) < psnr(picture_of(high), exact_pixels())


def test_avif() -> None:
    data = output_of(PHOTO, "avif")
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size, image.mode) == ("AVIF", (100, 66), "RGB")
    assert psnr(picture_of(data), exact_pixels()) > 32
    assert output_of(PHOTO, "avif") == data
    assert output_of(image_bytes(picture_of(PHOTO), "AVIF"), "")[4:12] == b"ftypavif"


def test_avif_has_the_same_bytes_for_every_number_of_processors() -> None:
    image = Image.linear_gradient("L").resize((1600, 1200)).convert("RGB")
    data = output_of(image_bytes(image, "PNG"), "avif", sizes=(1600,))
    assert data == image_bytes(image, "AVIF", max_threads=1)
    assert data != image_bytes(image, "AVIF", max_threads=2)  # two tiles


@pytest.mark.parametrize(("extension", "mode"), [("jpg", "L"), ("png", "L"), ("webp", "RGB"), ("avif", "L")])
def test_gray_where_the_format_has_it(extension: str, mode: str) -> None:
    image = Image.open(io.BytesIO(output_of(PHOTO, extension, mode="L")))
    assert image.mode == mode
    red, green, blue = image.convert("RGB").split()
    assert psnr(red, green) > 40
    assert psnr(red, blue) > 40
    assert psnr(image.convert("L"), exact_pixels().convert("L")) > 30


def test_more_pixels_than_allowed_is_a_failure_of_its_own() -> None:
    spec = ResizeSpec(sizes=(400, 100), max_pixels=60_000)
    large, small = resize_image(open_image(PHOTO), spec).outputs.values()
    assert isinstance(large, ImageError)
    assert (large.kind, large.stage) == (Kind.OUTPUT_TOO_LARGE, Stage.RESIZE)
    assert large.message == "400 x 266 pixels: more than --max_pixels 60000"
    assert isinstance(small, Encoded)


# --- masks


def kept(image: Image.Image, image_format: str = "PNG", **settings: Any) -> Image.Image:
    """Return the output of --mode keep for an image, at half its size."""
    settings = {"sizes": (4,), "mode": "keep", "algorithm": "nearest", **settings}
    data = output_of(image_bytes(image, image_format), "png", **settings)
    output = Image.open(io.BytesIO(data))
    output.load()
    return output


def mask(mode: str, labels: list[Any]) -> Image.Image:
    """Return an image of 8 x 8 pixels with a label for each quarter of 4 x 4."""
    image = Image.new(mode, (8, 8))
    for x in range(8):
        for y in range(8):
            image.putpixel((x, y), labels[x // 4 + y // 4 * 2])
    return image


def quarters(image: Image.Image) -> list[Any]:
    width, height = image.size
    return [image.getpixel((x * width // 4, y * height // 4)) for y in (1, 3) for x in (1, 3)]


PALETTE = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]


def test_a_palette_is_kept() -> None:
    image = mask("P", [0, 1, 2, 3])
    image.putpalette(PALETTE)
    output = kept(image)
    assert (output.mode, output.size, quarters(output)) == ("P", (4, 4), [0, 1, 2, 3])
    assert (output.getpalette() or [])[:12] == PALETTE
    assert "transparency" not in output.info
    image.info["transparency"] = 2
    assert kept(image).info["transparency"] == 2


@pytest.mark.parametrize(
    ("mode", "labels"),
    [("L", [0, 7, 254, 255]), ("1", [0, 255, 255, 0]), ("I;16", [0, 1, 1000, 65_535]), ("RGB", [(1, 2, 3)] * 4)],
)
def test_labels_are_kept(mode: str, labels: list[Any]) -> None:
    output = kept(mask(mode, labels))
    assert (output.mode, quarters(output)) == (mode, labels)


def test_labels_of_a_16_bit_pgm_are_kept() -> None:
    output = kept(mask("I;16", [0, 1, 1000, 65_535]), "PPM")
    assert (output.mode, quarters(output)) == ("I;16", [0, 1, 1000, 65_535])


def test_an_image_that_is_not_a_mask_is_composited_on_the_background() -> None:
    output = kept(mask("RGBA", [(9, 9, 9, 255), (9, 9, 9, 0)] * 2), background="#ff0000")
    assert (output.mode, quarters(output)) == ("RGB", [(9, 9, 9), (255, 0, 0)] * 2)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_labels_that_no_png_holds(mode: str) -> None:
    with pytest.raises(ImageError) as caught:
        kept(Image.new(mode, (8, 8)), "TIFF")
    assert caught.value.kind is Kind.UNSUPPORTED_DEPTH


@pytest.mark.parametrize(
    ("mode", "color", "label"),
    [
        ("P", "#ffffff", 255),
        ("P", "#000000", 0),
        ("L", "#808080", 128),
        ("I;16", "#ffffff", 255),
        ("1", "#ffffff", 255),
    ],
)
def test_a_mask_is_padded_with_the_gray_level_as_label(mode: str, color: str, label: int) -> None:
    image = Image.new(mode, (8, 4), 1)
    if mode == "P":
        image.putpalette(PALETTE)
    output = kept(image, fit="pad", pad_color=color)
    assert (output.size, output.mode) == ((4, 4), mode)
    inside = 255 if mode == "1" else 1
    assert [output.getpixel((1, y)) for y in range(4)] == [label, inside, inside, label]


def test_a_mask_is_turned_and_cut_as_its_photograph_is() -> None:
    image = mask("P", [0, 1, 2, 3])
    image.putpalette(PALETTE)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = image_bytes(image, "PNG", exif=exif)
    spec = ResizeSpec(sizes=(4,), mode="keep", algorithm="nearest", orientation="exif", fit="crop")
    output = resize_image(open_image(data), spec).outputs[4]
    assert isinstance(output, Encoded)
    assert quarters(Image.open(io.BytesIO(output.data))) == [2, 0, 3, 1]
    assert open_image(data).header.notes == (Note.EXIF_ORIENTATION,)
