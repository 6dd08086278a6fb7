"""Opening: which files are read, what their headers contain, and why other files are rejected."""

import zlib
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from tests.support.comparison import psnr
from tests.transforms.imaging.files import png, png_rows
from transforms.imaging.decode import decode
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.opening import open_image
from transforms.imaging.spec import ResizeSpec


def pixels_of(data: bytes, **settings: Any) -> Image.Image:
    return decode(open_image(data), ResizeSpec(**settings)).pixels


def error_of(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        pixels_of(data)
    return caught.value


def first_of_two(image_format: str, **parameters: Any) -> bytes:
    red, blue = (Image.new("RGB", (40, 30), color) for color in ("#ff0000", "#0000ff"))
    return image_bytes(red, image_format, save_all=True, append_images=[blue], **parameters)


@pytest.mark.parametrize(
    "image_format",
    ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "JPEG2000", "AVIF", "PPM", "TGA", "ICO", "MPO", "QOI", "DIB"],
)
def test_formats_that_are_read(image_format: str) -> None:
    opened = open_image(image_bytes(Image.new("RGB", (16, 16), (200, 10, 30)), image_format))
    assert opened.header[2:4] == (16, 16)
    red, green, blue = decode(opened, ResizeSpec()).pixels.getpixel((8, 8))  # type: ignore[misc]  # three bands
    assert abs(red - 200) + abs(green - 10) + abs(blue - 30) < 12


def test_eps_is_not_opened() -> None:
    data = image_bytes(Image.new("RGB", (8, 8)), "EPS")
    assert error_of(data).kind is Kind.NOT_AN_IMAGE


@pytest.mark.parametrize("chunks", [(), ((b"tRNS", b"\x00\x80"),)])
def test_pixels_of_a_palette_that_is_missing(chunks: tuple[tuple[bytes, bytes], ...]) -> None:
    error = error_of(png((2, 1), *chunks, png_rows(b"\0\1"), color_type=3))
    assert (error.kind, error.stage) == (Kind.DAMAGED, Stage.DECODE)
    assert error.message == "the pixels refer to a palette, but the file has none"
    palette = b"PLTE", b"\x0a\x14\x1e\x28\x32\x3c"
    pixels = pixels_of(png((2, 1), palette, png_rows(b"\0\1"), color_type=3))
    assert pixels.tobytes() == palette[1]


def test_messages_are_the_same_in_every_run() -> None:
    error = error_of(b"no image at all")
    assert (error.kind, error.message) == (Kind.NOT_AN_IMAGE, "the content is not in an image format that can be read")
    assert (error_of(b"").kind, error_of(b"").message) == (Kind.EMPTY_FILE, "the file has 0 bytes")


def test_too_many_pixels_are_refused_from_the_header() -> None:
    error = error_of(png((40_000, 40_000), (b"IDAT", zlib.compress(b""))))
    assert (error.kind, error.stage) == (Kind.TOO_MANY_PIXELS, Stage.DECODE)
    with pytest.raises(ImageError, match="40 x 30 pixels are more than --max_pixels 1199"):
        open_image(jpeg(1, (40, 30)), max_pixels=1199)
    assert open_image(jpeg(1, (40, 30)), max_pixels=1200).header[2:4] == (40, 30)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_the_limit_of_pillow_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    data = jpeg(1, (40, 30))
    with pytest.raises(ImageError, match=r"^the image has 1200 pixels, more than 1000$"):
        open_image(data, max_pixels=1000)
    assert open_image(data, max_pixels=1200).header[2:4] == (40, 30)
    assert Image.MAX_IMAGE_PIXELS == 600


@pytest.mark.parametrize(
    ("image_format", "kind", "message"),
    [
        ("JPEG", Kind.TRUNCATED, "Truncated File Read"),
        (
            "PNG",
            Kind.DAMAGED,
            "the structure of the file is broken (unpack_from requires a buffer of at least 4 bytes for unpacking 4 "
            "bytes at offset 0 (actual buffer size is 0))",
        ),
        ("WEBP", Kind.DAMAGED, "could not create decoder object"),
        ("TIFF", Kind.DAMAGED, "no more images in TIFF file"),
    ],
)
def test_a_broken_header_is_damage_and_says_of_what(image_format: str, kind: Kind, message: str) -> None:
    data = bytearray(image_bytes(Image.new("RGB", (16, 16)), image_format))
    start = {"JPEG": 3, "PNG": 8, "WEBP": 16, "TIFF": 4}[image_format]
    data[start : start + 8] = b"\0" * 8
    error = error_of(bytes(data[:400]))
    assert (error.kind, error.message) == (kind, message)


@pytest.mark.parametrize(
    ("image_format", "name"),
    [("GIF", "GIF"), ("WEBP", "WEBP"), ("PNG", "PNG"), ("MPO", "MPO"), ("TIFF", "TIFF"), ("AVIF", "AVIF")],
)
def test_of_several_pictures_the_first_is_taken(image_format: str, name: str) -> None:
    data = first_of_two(image_format)
    opened = open_image(data)
    assert opened.image.n_frames == 2  # type: ignore[attr-defined]  # only plugins with several pictures have it
    assert opened.header.format == name
    pixels = pixels_of(data).convert("RGB")
    assert psnr(pixels, Image.new("RGB", (40, 30), "#ff0000")) > 35


def test_an_animations_default_picture_is_its_first() -> None:
    data = first_of_two("PNG", default_image=True)
    assert pixels_of(data).getpixel((0, 0)) == (255, 0, 0)


def test_what_the_outputs_will_lack_is_noted() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = open_image(jpeg(1, (40, 30), exif=exif, icc_profile=b"profile"))
    assert turned.header.notes == ("exif-orientation", "icc-profile")
    assert turned.header.orientation == 6
    exif[0x0112] = 1
    assert open_image(jpeg(1, (40, 30), exif=exif)).header.notes == ()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_is_no_failure() -> None:
    data = jpeg(1, (40, 30), exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff garbage")
    assert open_image(data).header.notes == ()
    assert pixels_of(data).size == (40, 30)


def test_a_format_without_a_signature_is_candidate_last() -> None:
    icon = bytearray(image_bytes(Image.effect_noise((256, 256), 90), "ICO", sizes=[(256, 256)]))
    icon[14] = 145  # the low byte of the icon's size, where a TGA has its height
    assert open_image(bytes(icon)).header.format == "ICO"


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_stays_as_it_is_stored(orientation: int, compression: str | None) -> None:
    """Without a correction, Pillow would turn a TIFF while decoding it, unlike other formats."""
    stored = Image.new("RGB", (40, 20), "#ffffff")
    stored.paste("#ff0000", (0, 0, 10, 5))
    data = image_bytes(stored, "TIFF", tiffinfo={0x0112: orientation}, compression=compression)
    opened = open_image(data)
    assert opened.header[2:5] == (40, 20, orientation)
    assert decode(opened, ResizeSpec()).pixels.tobytes() == stored.tobytes()
