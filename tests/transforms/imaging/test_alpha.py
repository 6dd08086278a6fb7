"""Meaningless alpha, and fully transparent pictures."""

import struct
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes
from transforms.imaging.alpha import is_fully_transparent, tga_alpha_type
from transforms.imaging.decode import decode
from transforms.imaging.errors import Note
from transforms.imaging.opening import open_image
from transforms.imaging.spec import ResizeSpec

WHITE = (255, 255, 255)
RED, BLUE = (200, 10, 30), (20, 40, 220)
HIDDEN = (Note.FULLY_TRANSPARENT,)


def row(data: bytes, **settings: Any) -> tuple[list[Any], tuple[Note, ...]]:
    """Return the pixels of the first row, and the notes."""
    opened = open_image(data)
    decoded = decode(opened, ResizeSpec(**settings))
    pixels = [decoded.pixels.getpixel((x, 0)) for x in range(decoded.pixels.width)]
    return pixels, opened.header.notes + decoded.notes


def bgra(*pixels: tuple[int, ...]) -> bytes:
    return b"".join(bytes([blue, green, red, *alpha]) for red, green, blue, *alpha in pixels)


# --- TGA


def tga(
    pixels: bytes, depth: int, kind: int = 2, alpha_type: int | None = None, palette: bytes = b"", entry: int = 0
) -> bytes:
    """Return a TGA of one row of two pixels, with an extension area if `alpha_type` is not None."""
    head = struct.pack("<BBBHHBHHHHBB", 0, bool(palette), kind, 0, 2 if palette else 0, entry, 0, 0, 2, 1, depth, 8)
    data = head + palette + pixels
    if alpha_type is None:
        return data
    area = struct.pack("<H", 495) + bytes(492) + bytes([alpha_type])
    return data + area + struct.pack("<II", len(data), 0) + b"TRUEVISION-XFILE.\0"


CLEAR = bgra((*RED, 0), (*BLUE, 0))
HALF = bgra((*RED, 0), (*BLUE, 255))


@pytest.mark.parametrize("alpha_type", [None, 0, 1, 2])
def test_a_tga_whose_alpha_is_0_everywhere_is_opaque(alpha_type: int | None) -> None:
    assert row(tga(CLEAR, 32, alpha_type=alpha_type)) == ([RED, BLUE], ())


@pytest.mark.parametrize("alpha_type", [3, 4])
def test_a_tga_whose_alpha_is_declared_meaningful_is_transparent(alpha_type: int) -> None:
    assert row(tga(CLEAR, 32, alpha_type=alpha_type)) == ([WHITE, WHITE], HIDDEN)
    assert row(tga(HALF, 32, alpha_type=alpha_type)) == ([WHITE, BLUE], ())


def test_a_tga_that_is_partly_transparent() -> None:
    assert row(tga(HALF, 32)) == ([WHITE, BLUE], ())
    assert row(tga(HALF, 32, alpha_type=1)) == ([RED, BLUE], ())


def test_a_run_length_encoded_tga() -> None:
    assert row(tga(b"\x81" + CLEAR[:4], 32, kind=10)) == ([RED, RED], ())


def test_a_tga_without_a_valid_offset_of_its_extension_area() -> None:
    data = tga(CLEAR, 32) + bytes(8) + b"TRUEVISION-XFILE.\0"
    assert row(data) == ([RED, BLUE], ())
    assert tga_alpha_type(data) is None
    beyond = tga(CLEAR, 32) + struct.pack("<II", 5000, 0) + b"TRUEVISION-XFILE.\0"
    assert tga_alpha_type(beyond) is None


@pytest.mark.parametrize(("bit", "expected"), [(0x8000, [(255, 0, 0), (0, 0, 255)]), (0, [(255, 0, 0), (0, 0, 255)])])
def test_a_tga_of_16_bits_with_its_attribute_bit(bit: int, expected: list[Any]) -> None:
    assert row(tga(struct.pack("<HH", bit | 0x7C00, bit | 0x1F), 16)) == (expected, ())


def test_a_gray_tga_with_alpha() -> None:
    assert row(tga(bytes([77, 0, 88, 0]), 16, kind=3)) == ([77, 88], ())
    assert row(tga(bytes([77, 0, 88, 0]), 16, kind=3, alpha_type=3)) == ([WHITE, WHITE], HIDDEN)
    assert row(tga(bytes([77, 0, 88, 255]), 16, kind=3)) == ([WHITE, (88, 88, 88)], ())


@pytest.mark.parametrize(
    ("entries", "alpha_type", "expected"),
    [(CLEAR, None, [RED, BLUE]), (CLEAR, 0, [RED, BLUE]), (HALF, None, [WHITE, BLUE]), (HALF, 3, [WHITE, BLUE])],
)
def test_a_tga_with_a_palette_of_32_bits(entries: bytes, alpha_type: int | None, expected: list[Any]) -> None:
    data = tga(b"\0\1", 8, kind=1, palette=entries, entry=32, alpha_type=alpha_type)
    assert row(data) == (expected, ())
    assert row(data, mode="keep", algorithm="nearest") == ([0, 1], ())


def test_the_attribute_bits_of_a_tga_palette_of_16_bits_are_ignored() -> None:
    entries = struct.pack("<HH", 0x8000 | 0x7C00, 0x8000 | 0x1F)
    assert row(tga(b"\0\1", 8, kind=1, palette=entries, entry=16)) == ([(255, 0, 0), (0, 0, 255)], ())


# --- BMP

BITS_32 = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
BITS_16 = (0x7C00, 0x3E0, 0x1F, 0x8000)


def bmp(pixels: bytes, bits: int, header: int = 124, masks: tuple[int, ...] = BITS_32) -> bytes:
    """Return a BMP of one row of two pixels. With a header of 40 bytes, it has no masks."""
    compression = 3 if header > 40 else 0
    info = struct.pack("<IiiHHIIiiII", header, 2, 1, 1, bits, compression, len(pixels), 0, 0, 0, 0)
    info += struct.pack("<4I", *masks)
    info = info[:40] if header == 40 else info.ljust(header, b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(pixels), 0, 0, 14 + len(info)) + info + pixels


@pytest.mark.parametrize("header", [40, 56, 108, 124])
def test_a_bmp_whose_alpha_is_0_everywhere_is_opaque(header: int) -> None:
    assert row(bmp(CLEAR, 32, header)) == ([RED, BLUE], ())


@pytest.mark.parametrize("header", [56, 108, 124])
def test_a_bmp_with_alpha(header: int) -> None:
    assert row(bmp(HALF, 32, header)) == ([WHITE, BLUE], ())


@pytest.mark.parametrize("bit", [0, 0x8000])
def test_a_bmp_of_16_bits(bit: int) -> None:
    data = bmp(struct.pack("<HH", bit | 0x7C00, bit | 0x1F), 16, masks=BITS_16)
    assert row(data) == ([(255, 0, 0), (0, 0, 255)], ())


# --- ICO


def ico(bits: int, pixels: bytes, mask: list[int] | None, palette: bytes = b"") -> bytes:
    """Return an icon of 2 x 2 pixels, the lower row first. `mask` contains the bits of each row, or is None."""
    info = struct.pack("<IiiHHIIiiII", 40, 2, 4, 1, bits, 0, 0, 0, 0, len(palette) // 4, 0)
    rows = b"".join(struct.pack(">I", bits_of_row << 30) for bits_of_row in mask or [])
    frame = info + palette + pixels + rows
    entry = struct.pack("<BBBBHHII", 2, 2, 0, 0, 1, bits, len(frame), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + frame


# The upper row is red and blue, the lower row white and red.
LOWER, UPPER = ((*WHITE, 0), (*RED, 0)), ((*RED, 0), (*BLUE, 0))
CLEAR_ICON = bgra(*LOWER, *UPPER)


def test_an_icon_without_alpha_is_shown_by_its_mask() -> None:
    green = {"background": "#00ff00"}
    assert row(ico(32, CLEAR_ICON, [0, 0]), **green) == ([RED, BLUE], ())
    assert row(ico(32, CLEAR_ICON, [0, 0b10]), **green) == ([(0, 255, 0), BLUE], ())
    assert row(ico(32, CLEAR_ICON, [0b11, 0]), **green) == ([RED, BLUE], ())


def test_an_icon_whose_mask_hides_everything() -> None:
    assert row(ico(32, CLEAR_ICON, [0b11, 0b11])) == ([WHITE, WHITE], HIDDEN)


def test_an_icon_without_alpha_and_mask_is_opaque() -> None:
    assert row(ico(32, CLEAR_ICON, None)) == ([RED, BLUE], ())


def test_an_icon_with_alpha_needs_no_mask() -> None:
    partly_opaque = bgra(*LOWER, (*RED, 255), (*BLUE, 0))
    assert row(ico(32, partly_opaque, [0b11, 0b11])) == ([RED, WHITE], ())


@pytest.mark.parametrize(
    ("bits", "pixels", "palette"),
    [
        (24, b"".join(bgra(*(pixel[:3] for pixel in line)) + b"\0\0" for line in (LOWER, UPPER)), b""),
        (8, b"\2\0\0\0\0\1\0\0", None),
        (4, b"\x20\0\0\0\x01\0\0\0", None),
        (1, b"\0\0\0\0\x40\0\0\0", None),
    ],
)
def test_icons_of_fewer_bits_are_shown_by_their_masks(bits: int, pixels: bytes, palette: bytes | None) -> None:
    if palette is None:
        palette = bgra((*RED, 0), (*BLUE, 0), (*WHITE, 0))
        palette = palette.ljust(4 * 2**bits, b"\0")[: 4 * 2**bits]
    green = {"background": "#00ff00"}
    assert row(ico(bits, pixels, [0, 0], palette), **green) == ([RED, BLUE], ())
    assert row(ico(bits, pixels, [0, 0b01], palette), **green) == ([RED, (0, 255, 0)], ())
    assert row(ico(bits, pixels, [0b11, 0b11], palette)) == ([WHITE, WHITE], HIDDEN)


def test_an_icon_that_holds_a_transparent_png() -> None:
    image = Image.new("RGBA", (32, 32), (*RED, 0))
    pixels, notes = row(image_bytes(image, "ICO", sizes=[(32, 32)]))
    assert (pixels, notes) == ([WHITE] * 32, HIDDEN)


# --- Any format


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_a_fully_transparent_picture_is_noted(image_format: str) -> None:
    image = Image.new("RGBA", (16, 16), (*RED, 0))
    pixels, notes = row(image_bytes(image, image_format, **({"lossless": True} if image_format == "WEBP" else {})))
    assert (set(pixels), notes) == ({WHITE}, HIDDEN)
    image.paste((*RED, 255), (8, 8, 16, 16))
    assert row(image_bytes(image, image_format))[1] == ()


@pytest.mark.parametrize(
    ("mode", "color", "other", "transparency"),
    [("P", 0, 1, 0), ("L", 7, 8, 7), ("RGB", RED, BLUE, RED), ("P", 1, 0, b"\xff\0")],
)
def test_a_picture_in_its_transparent_color_is_noted(mode: str, color: Any, other: Any, transparency: Any) -> None:
    image = Image.new(mode, (4, 4), color)
    if mode == "P":
        image.putpalette([*RED, *BLUE])
    assert row(image_bytes(image, "PNG", transparency=transparency)) == ([WHITE] * 4, HIDDEN)
    image.putpixel((3, 3), other)
    assert row(image_bytes(image, "PNG", transparency=transparency))[1] == ()


def test_a_transparent_gif() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([*RED, *BLUE])
    assert row(image_bytes(image, "GIF", transparency=1)) == ([WHITE] * 4, HIDDEN)


def test_a_transparent_corner_does_not_make_a_picture_transparent() -> None:
    image = Image.new("LA", (3, 3), (9, 0))
    assert is_fully_transparent(image)
    image.putpixel((2, 2), (9, 1))
    assert not is_fully_transparent(image)
