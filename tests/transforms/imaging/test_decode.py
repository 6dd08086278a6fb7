import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from transforms.imaging.decode import decode, memory_needed, open_image, reduce, to_rgb
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.geometry import Target
from transforms.imaging.spec import ResizeSpec


def pixels_of(data: bytes) -> Image.Image:
    return decode(open_image(data).image)


def gray16(values: list[int]) -> Image.Image:
    return Image.frombytes("I;16", (len(values), 1), struct.pack(f"<{len(values)}H", *values))


def error_of(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        pixels_of(data)
    return caught.value


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_16_bit_gray_keeps_its_levels(image_format: str) -> None:
    values = [0, 128, 129, 257, 1000, 32768, 65535]
    pixels = pixels_of(image_bytes(gray16(values), image_format))
    assert pixels.mode == "RGB"
    assert list(pixels.getchannel("G").tobytes()) == [round(value / 257) for value in values]


def test_16_bit_pgm_keeps_its_levels() -> None:
    values = [0, 257, 30_000, 65_535]
    data = b"P5 4 1 65535\n" + struct.pack(">4H", *values)
    assert list(pixels_of(data).getchannel("R").tobytes()) == [0, 1, 117, 255]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bit_pixels_are_not_guessed_at(mode: str) -> None:
    error = error_of(image_bytes(Image.new(mode, (2, 2), 7), "TIFF"))
    assert (error.kind, error.stage) == (Kind.UNSUPPORTED_DEPTH, Stage.DECODE)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = Image.new(mode, (3, 1))
    hidden, half, opaque = ((10, 10, 10, a) if mode == "RGBA" else (10, a) for a in (0, 128, 255))
    for x, value in enumerate((hidden, half, opaque)):
        image.putpixel((x, 0), value)
    pixels = pixels_of(image_bytes(image, "PNG"))
    assert [pixels.getpixel((x, 0)) for x in range(3)] == [(255, 255, 255), (132, 132, 132), (10, 10, 10)]


@pytest.mark.parametrize(("mode", "colour", "transparency"), [("P", 1, 0), ("L", 99, 0), ("RGB", (9, 8, 7), (0, 0, 0))])
def test_a_transparent_colour_is_laid_on_white(mode: str, colour: Any, transparency: Any) -> None:
    image = Image.new(mode, (2, 1), colour)
    if mode == "P":
        image.putpalette([0, 0, 0, 200, 100, 50])
    image.putpixel((0, 0), transparency)
    pixels = pixels_of(image_bytes(image, "PNG", transparency=transparency))
    shown = {"P": (200, 100, 50), "L": (99, 99, 99), "RGB": (9, 8, 7)}[mode]
    assert [pixels.getpixel((x, 0)) for x in range(2)] == [(255, 255, 255), shown]


@pytest.mark.parametrize(("mode", "transparent"), [("PA", (0, 0)), ("La", (0, 0)), ("RGBa", (0, 0, 0, 0))])
def test_rare_transparent_modes(mode: str, transparent: tuple[int, ...]) -> None:
    assert to_rgb(Image.new(mode, (1, 1), transparent)).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("RGB", (1, 2, 3), (1, 2, 3)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
    ],
)
def test_other_modes_become_rgb(mode: str, colour: Any, expected: tuple[int, int, int]) -> None:
    assert pixels_of(image_bytes(Image.new(mode, (2, 2), colour), "TIFF")).getpixel((1, 1)) == expected


@pytest.mark.parametrize(
    "image_format",
    ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "JPEG2000", "AVIF", "PPM", "TGA", "ICO", "MPO", "QOI", "DIB"],
)
def test_formats_that_are_read(image_format: str) -> None:
    opened = open_image(image_bytes(Image.new("RGB", (16, 16), (200, 10, 30)), image_format))
    assert opened.source[2:4] == (16, 16)
    red, green, blue = decode(opened.image).getpixel((8, 8))  # type: ignore[misc]  # three of RGB
    assert abs(red - 200) + abs(green - 10) + abs(blue - 30) < 12


def test_eps_is_not_opened() -> None:
    data = image_bytes(Image.new("RGB", (8, 8)), "EPS")
    assert error_of(data).kind is Kind.NOT_AN_IMAGE


@pytest.mark.parametrize("cut", [200, 1000, 2500])
def test_a_truncated_image_fails(cut: int) -> None:
    assert error_of(jpeg(1, (400, 300))[:-cut]).kind is Kind.TRUNCATED


def test_a_damaged_png_fails() -> None:
    data = bytearray(image_bytes(Image.effect_noise((60, 60), 50), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert error_of(bytes(data)).kind is Kind.DAMAGED


def test_messages_are_the_same_in_every_run() -> None:
    error = error_of(b"no image at all")
    assert (error.kind, error.message) == (Kind.NOT_AN_IMAGE, "the content is of no image format that is read here")
    assert (error_of(b"").kind, error_of(b"").message) == (Kind.EMPTY_FILE, "the file has 0 bytes")


def test_too_many_pixels_are_refused_from_the_header() -> None:
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")))
    )
    assert error_of(b"\x89PNG\r\n\x1a\n" + chunks).kind is Kind.TOO_MANY_PIXELS


def test_what_gets_lost_is_noted() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = open_image(jpeg(1, (40, 30), exif=exif, icc_profile=b"profile"))
    assert turned.source.notes == ("exif-orientation", "icc-profile")
    assert turned.source.orientation == 6
    exif[0x0112] = 1
    assert open_image(jpeg(1, (40, 30), exif=exif)).source.notes == ()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_is_no_failure() -> None:
    data = jpeg(1, (40, 30), exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff garbage")
    assert open_image(data).source.notes == ()
    assert pixels_of(data).size == (40, 30)


@pytest.mark.parametrize(
    ("size", "spec", "decoded", "box"),
    [
        ((2000, 1500), ResizeSpec(), (1000, 750), (0, 0, 1000, 750)),
        ((4001, 3001), ResizeSpec(), (1001, 751), (0, 0, 1000.25, 750.25)),
        ((1024, 768), ResizeSpec(), (1024, 768), (0, 0, 1024, 768)),
        ((1024, 768), ResizeSpec(reducing_gap=1), (512, 384), (0, 0, 512, 384)),
        ((2000, 1500), ResizeSpec(sizes=(64, 900)), (2000, 1500), (0, 0, 2000, 1500)),
        ((2000, 1500), ResizeSpec(exact=True), (2000, 1500), (0, 0, 2000, 1500)),
        ((2000, 1500), ResizeSpec(algorithm="box"), (2000, 1500), (0, 0, 2000, 1500)),
    ],
)
def test_reduced_decoding(size: tuple[int, int], spec: ResizeSpec, decoded: tuple[int, int], box: Any) -> None:
    image = open_image(image_bytes(Image.new("RGB", size), "JPEG")).image
    assert reduce(image, spec) == box
    assert decode(image).size == decoded


@pytest.mark.parametrize(
    ("mode", "image_format", "parameters", "expected"),
    [
        ("RGB", "JPEG", {}, 100 * 100 * 4),
        ("RGB", "JPEG", {"progressive": True}, 100 * 100 * (4 + 3)),
        ("L", "PNG", {}, 100 * 100 * 8),
        ("RGBA", "PNG", {}, 100 * 100 * 12),
    ],
)
def test_memory_needed(mode: str, image_format: str, parameters: dict[str, Any], expected: int) -> None:
    image = open_image(image_bytes(Image.new(mode, (100, 100)), image_format, **parameters)).image
    assert (
        memory_needed(image, (100, 100), Target(50, 50, 20, (0, 0, 100, 40), (0, 0, 50, 20))) == expected + 50 * 20 * 4
    )


def test_any_exception_of_pillow_becomes_an_image_error(monkeypatch: pytest.MonkeyPatch) -> None:
    image = open_image(jpeg(1, (40, 30))).image
    for raised in (ValueError("x"), SyntaxError("x"), struct.error("x"), IndexError("x"), RecursionError("x")):

        def load(error: Exception = raised) -> None:
            raise error

        monkeypatch.setattr(image, "load", load)
        with pytest.raises(ImageError) as caught:
            decode(image)
        assert caught.value.kind is Kind.DAMAGED
        assert caught.value.message == f"{type(raised).__name__}: x"
