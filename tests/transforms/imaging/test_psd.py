"""Photoshop files: which channels belong to the picture, and which one is its transparency."""

import struct
from typing import Any

import pytest

from transforms.imaging.color import finish
from transforms.imaging.decode import decode
from transforms.imaging.errors import ImageError, Note
from transforms.imaging.opening import open_image
from transforms.imaging.psd import read_header
from transforms.imaging.spec import ResizeSpec

WHITE = (255, 255, 255)
GRAY, COLOR, CMYK, LAB = 1, 3, 4, 9


def packed(row: bytes) -> bytes:
    """Return a row in PackBits format, as literal bytes."""
    return bytes([len(row) - 1]) + row


def psd(color_mode: int, channels: list[list[bytes]], layers: int | None, *, compress: bool) -> bytes:
    """Return a Photoshop file with 8 bits per channel.

    Args:
        color_mode: Photoshop's number of the color mode.
        channels: the rows of each channel.
        layers: the number of layers as stored; None for a file without a section of layers.
        compress: whether to use PackBits.
    """
    height, width = len(channels[0]), len(channels[0][0])
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(channels), height, width, 8, color_mode)
    section = b"" if layers is None else struct.pack(">Ihxx", 4, layers)
    body = head + bytes(8) + struct.pack(">I", len(section)) + section
    rows = [row for channel in channels for row in channel]
    if not compress:
        return body + struct.pack(">H", 0) + b"".join(rows)
    lengths = b"".join(struct.pack(">H", len(packed(row))) for row in rows)
    return body + struct.pack(">H", 1) + lengths + b"".join(map(packed, rows))


def picture(data: bytes, **settings: Any) -> tuple[list[Any], tuple[Note, ...]]:
    spec = ResizeSpec(**settings)
    opened = open_image(data)
    decoded = decode(opened, spec)
    image = finish(decoded.pixels, decoded, spec)
    pixels = [image.getpixel((x, y)) for y in range(image.height) for x in range(image.width)]
    return pixels, opened.header.notes + decoded.notes


def plane(*values: int) -> list[bytes]:
    """Return the rows of a channel with two columns."""
    return [bytes(values[at : at + 2]) for at in range(0, len(values), 2)]


RED, GREEN, BLUE = plane(10, 20, 30, 40, 50, 60), plane(70, 80, 90, 91, 92, 93), plane(1, 2, 3, 4, 5, 6)
COLORS = list(zip(*(b"".join(channel) for channel in (RED, GREEN, BLUE)), strict=True))
EXTRA = plane(0, 255, 255, 255, 255, 0)
CLEAR = plane(0, 0, 0, 0, 0, 0)
compressions = pytest.mark.parametrize("compress", [False, True])


@compressions
@pytest.mark.parametrize("layers", [None, 0, 1, 3])
@pytest.mark.parametrize("further", [[], [EXTRA], [CLEAR], [EXTRA, CLEAR]])
def test_further_channels_are_not_transparency(further: list[list[bytes]], layers: int | None, compress: bool) -> None:
    assert picture(psd(COLOR, [RED, GREEN, BLUE, *further], layers, compress=compress)) == (COLORS, ())


@compressions
@pytest.mark.parametrize("further", [[EXTRA], [EXTRA, CLEAR]])
def test_a_negative_number_of_layers_makes_the_fourth_channel_transparency(
    further: list[list[bytes]], compress: bool
) -> None:
    shown = [WHITE, *COLORS[1:5], WHITE]
    assert picture(psd(COLOR, [RED, GREEN, BLUE, *further], -2, compress=compress)) == (shown, ())


def test_a_fully_transparent_picture() -> None:
    data = psd(COLOR, [RED, GREEN, BLUE, CLEAR], -1, compress=False)
    assert picture(data) == ([WHITE] * 6, (Note.FULLY_TRANSPARENT,))


def test_a_negative_number_without_a_channel_for_it() -> None:
    assert picture(psd(COLOR, [RED, GREEN, BLUE], -1, compress=True)) == (COLORS, ())


@compressions
def test_gray(compress: bool) -> None:
    grays = [(value,) * 3 for value in b"".join(RED)]
    assert picture(psd(GRAY, [RED], None, compress=compress)) == (grays, ())
    assert picture(psd(GRAY, [RED, EXTRA], 1, compress=compress)) == (grays, ())
    assert picture(psd(GRAY, [RED, EXTRA], -1, compress=compress)) == ([WHITE, *grays[1:5], WHITE], ())


@compressions
def test_cmyk_with_transparency_is_shown_without_and_noted(compress: bool) -> None:
    inks = [RED, GREEN, BLUE, EXTRA]
    plain, notes = picture(psd(CMYK, inks, None, compress=compress))
    assert (plain[1], notes) == ((20, 80, 2), ())  # inks are stored inverted: 255 means no black
    assert picture(psd(CMYK, [*inks, CLEAR], 1, compress=compress)) == (plain, ())
    assert picture(psd(CMYK, [*inks, CLEAR], -1, compress=compress)) == (plain, (Note.TRANSPARENCY_IGNORED,))


@compressions
def test_lab(compress: bool) -> None:
    channels = [plane(255, 0), plane(128, 128), plane(128, 128)]
    plain, notes = picture(psd(LAB, channels, None, compress=compress))
    assert all(abs(value - level) <= 1 for pixel, level in zip(plain, (255, 0), strict=True) for value in pixel)
    assert notes == ()
    assert picture(psd(LAB, [*channels, plane(0, 0)], 1, compress=compress)) == (plain, ())


def test_the_header() -> None:
    header = read_header(psd(COLOR, [RED, GREEN, BLUE, EXTRA], -2, compress=False))
    assert header == (2, 3, 4, True, 26 + 4 + 4 + 4 + 8)
    assert not read_header(psd(COLOR, [RED, GREEN, BLUE, EXTRA], None, compress=False)).transparent


@compressions
def test_files_that_are_cut_off_or_have_another_compression(compress: bool) -> None:
    data = psd(COLOR, [RED, GREEN, BLUE], None, compress=compress)
    for cut in (5, len(data) - 38):
        with pytest.raises(ImageError):
            picture(data[:-cut])
    with pytest.raises(ImageError, match="PSD with ZIP inside is not supported: convert the file to JPEG or PNG"):
        picture(data[:38] + b"\0\2" + data[40:])
