"""TIFFs that Pillow misreads without help: palettes with 8-bit entries, and uncompressed YCbCr."""

import random
import struct
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from PIL import Image

from tests.support import image_bytes
from transforms.imaging.decode import decode
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.opening import open_image
from transforms.imaging.spec import ResizeSpec

SHORT, LONG, RATIONAL = 3, 4, 5


def directory(strips: Sequence[bytes], entries: dict[int, tuple[int, list[Any]]], order: str, tiled: bool) -> bytes:
    """Return a TIFF of strips or tiles. `entries` is tag -> (type, values)."""
    body, offsets = b"", []
    for strip in strips:
        offsets.append(8 + len(body))
        body += strip + b"\0" * (len(strip) % 2)
    layout = {True: (324, 325), False: (273, 279)}[tiled]
    entries = entries | {layout[0]: (LONG, offsets), layout[1]: (LONG, [len(strip) for strip in strips])}
    start = 8 + len(body)
    table, further = struct.pack(f"{order}H", len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        packed = b"".join(packed_value(kind, value, order) for value in values)
        if len(packed) > 4:
            offset = start + 2 + 12 * len(entries) + 4 + len(further)
            further += packed
            packed = struct.pack(f"{order}I", offset)
        table += struct.pack(f"{order}HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", start)
    return head + body + table + bytes(4) + further


def packed_value(kind: int, value: Any, order: str) -> bytes:
    if kind == RATIONAL:
        return struct.pack(f"{order}II", value.numerator, value.denominator)
    return struct.pack(order + {SHORT: "H", LONG: "I"}[kind], value)


def pixels(data: bytes, **settings: Any) -> list[Any]:
    picture = decode(open_image(data), ResizeSpec(**settings)).pixels
    return [picture.getpixel((x, y)) for y in range(picture.height) for x in range(picture.width)]


# --- Palettes


def with_palette(colors: Sequence[Sequence[int]], bits: int, compress: bool = False, order: str = "<") -> bytes:
    """Return a TIFF of one row with each palette entry once. Colors are (red, green, blue) of 16 bits each."""
    indices = "".join(f"{index:0{bits}b}" for index in range(2**bits))
    row = int(indices, 2).to_bytes(len(indices) // 8 or 1, "big") if len(indices) >= 8 else bytes([0b01000000])
    tags: dict[int, tuple[int, list[Any]]] = {
        256: (LONG, [2**bits]),
        257: (LONG, [1]),
        258: (SHORT, [bits]),
        259: (SHORT, [8 if compress else 1]),
        262: (SHORT, [3]),
        277: (SHORT, [1]),
        278: (LONG, [1]),
        320: (SHORT, [color[band] for band in range(3) for color in colors]),
    }
    return directory([zlib.compress(row) if compress else row], tags, order, tiled=False)


def colors_of(bits: int) -> list[tuple[int, int, int]]:
    return [(index * 251 % 256, index * 7 % 256, 255 - index) for index in range(2**bits)]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_entries_of_a_palette_of_8_and_of_16_bits(bits: int, order: str, compress: bool) -> None:
    colors = colors_of(bits)
    assert pixels(with_palette(colors, bits, compress, order)) == colors
    wide = [tuple(257 * value for value in color) for color in colors]
    assert pixels(with_palette(wide, bits, compress, order)) == colors


def test_one_large_entry_makes_all_of_them_16_bits() -> None:
    colors = [(0, 1, 255), (0, 0, 256), (65_535, 0, 0), (0, 0, 0)]
    assert pixels(with_palette(colors, 2)) == [(0, 0, 0), (0, 0, 1), (255, 0, 0), (0, 0, 0)]


def test_labels_stay_as_they_are() -> None:
    assert pixels(with_palette(colors_of(4), 4), mode="keep", algorithm="nearest") == list(range(16))


# --- YCbCr

BT601 = (Fraction(299, 1000), Fraction(587, 1000), Fraction(114, 1000))
BT709 = (Fraction(2126, 10_000), Fraction(7152, 10_000), Fraction(722, 10_000))
FULL = tuple(map(Fraction, (0, 255, 128, 255, 128, 255)))
STUDIO = tuple(map(Fraction, (16, 235, 128, 240, 128, 240)))


class Planes(NamedTuple):
    """The samples of a picture. `step` is the numbers of pixels across and down that share chroma samples."""

    width: int
    height: int
    step: tuple[int, int]
    luma: list[list[int]]
    blue: list[list[int]]
    red: list[list[int]]


def planes(width: int, height: int, step: tuple[int, int]) -> Planes:
    """Return random samples. Some of their colors are outside the range of RGB and are clipped."""
    chance = random.Random(width)

    def plane(across: int, down: int, lowest: int, highest: int) -> list[list[int]]:
        return [[chance.randint(lowest, highest) for _ in range(across)] for _ in range(down)]

    across, down = -(-width // step[0]), -(-height // step[1])
    return Planes(
        width, height, step, plane(width, height, 0, 255), plane(across, down, 60, 190), plane(across, down, 60, 190)
    )


def units(picture: Planes, left: int, top: int, width: int, height: int) -> Iterator[int]:
    """Yield the samples of a part in TIFF's order: for each block, its luma row by row, then its two chroma samples."""
    across, down = picture.step
    for y in range(top, top + height, down):
        for x in range(left, left + width, across):
            for row in range(y, y + down):
                for column in range(x, x + across):
                    yield picture.luma[min(row, picture.height - 1)][min(column, picture.width - 1)]
            for plane in (picture.blue, picture.red):
                yield plane[min(y // down, len(plane) - 1)][min(x // across, len(plane[0]) - 1)]


def ycbcr(
    picture: Planes,
    rows: int = 0,
    tile: int = 0,
    order: str = "<",
    further: dict[int, tuple[int, list[Any]]] | None = None,
) -> bytes:
    """Return an uncompressed YCbCr TIFF in strips of `rows`, or in square tiles."""
    rows = rows or picture.height
    tags: dict[int, tuple[int, list[Any]]] = {
        256: (LONG, [picture.width]),
        257: (LONG, [picture.height]),
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [1]),
        262: (SHORT, [6]),
        277: (SHORT, [3]),
        530: (SHORT, list(picture.step)),
    }
    tags |= {322: (LONG, [tile]), 323: (LONG, [tile])} if tile else {278: (LONG, [rows])}
    across, down = (tile, tile) if tile else (picture.width, rows)
    parts = [
        bytes(units(picture, x, y, across, down if tile else min(down, picture.height - y)))
        for y in range(0, picture.height, down)
        for x in range(0, picture.width, across)
    ]
    return directory(parts, tags | (further or {}), order, bool(tile))


def expected(
    picture: Planes, weights: Sequence[Fraction] = BT601, reference: Sequence[Fraction] = FULL
) -> list[tuple[int, ...]]:
    """Convert to RGB by the formulas of TIFF 6.0, sections 20 and 21, in exact fractions."""
    red_weight, green_weight, blue_weight = weights
    colors = []
    for y in range(picture.height):
        for x in range(picture.width):
            place = y // picture.step[1], x // picture.step[0]
            luma = (picture.luma[y][x] - reference[0]) * 255 / (reference[1] - reference[0])
            cb = (picture.blue[place[0]][place[1]] - reference[2]) * 127 / (reference[3] - reference[2])
            cr = (picture.red[place[0]][place[1]] - reference[4]) * 127 / (reference[5] - reference[4])
            red, blue = cr * (2 - 2 * red_weight) + luma, cb * (2 - 2 * blue_weight) + luma
            green = (luma - blue_weight * blue - red_weight * red) / green_weight
            colors.append(tuple(min(255, max(0, round(value))) for value in (red, green, blue)))
    return colors


def furthest(left: Sequence[tuple[int, ...]], right: Sequence[tuple[int, ...]]) -> int:
    return max(abs(a - b) for p, q in zip(left, right, strict=True) for a, b in zip(p, q, strict=True))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [(20, 12), (21, 13)])
@pytest.mark.parametrize("step", [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2)])
@pytest.mark.parametrize("parts", [{}, {"rows": 4}, {"tile": 16}])
def test_uncompressed_ycbcr(size: tuple[int, int], step: tuple[int, int], parts: dict[str, Any], order: str) -> None:
    picture = planes(*size, step)
    data = ycbcr(picture, order=order, **parts)
    assert open_image(data).header[:4] == ("TIFF", "RGB", *size)
    assert furthest(pixels(data), expected(picture)) <= 1


def test_ycbcr_of_other_coefficients_and_references() -> None:
    picture = planes(20, 12, (2, 2))
    tags = {529: (RATIONAL, list(BT709)), 532: (RATIONAL, list(STUDIO))}
    # libtiff rounds the chroma again when it scales it from the reference range to the full range.
    assert furthest(pixels(ycbcr(picture, further=tags)), expected(picture, BT709, STUDIO)) <= 3
    assert furthest(expected(picture), expected(picture, BT709, STUDIO)) > 20


def test_ycbcr_without_a_tag_for_subsampling_has_half_the_colors() -> None:
    picture = planes(20, 12, (2, 2))
    data = ycbcr(picture).replace(struct.pack("<HHI", 530, SHORT, 2), struct.pack("<HHI", 531, SHORT, 2))
    assert furthest(pixels(data), expected(picture)) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_ycbcr_stays_as_it_is_stored(orientation: int) -> None:
    picture = planes(20, 12, (2, 2))
    data = ycbcr(picture, further={274: (SHORT, [orientation])})
    assert open_image(data).header[2:5] == (20, 12, orientation)
    assert furthest(pixels(data), expected(picture)) <= 1


def test_ycbcr_in_planes() -> None:
    picture = planes(20, 12, (1, 1))
    strips = [b"".join(map(bytes, plane)) for plane in (picture.luma, picture.blue, picture.red)]
    tags: dict[int, tuple[int, list[Any]]] = {
        256: (LONG, [20]),
        257: (LONG, [12]),
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [1]),
        262: (SHORT, [6]),
        277: (SHORT, [3]),
        278: (LONG, [12]),
        284: (SHORT, [2]),
        530: (SHORT, [1, 1]),
    }
    assert furthest(pixels(directory(strips, tags, "<", tiled=False)), expected(picture)) <= 1


def test_pillows_own_ycbcr() -> None:
    image = Image.new("YCbCr", (8, 8), (100, 90, 160))
    assert furthest(pixels(image_bytes(image, "TIFF")), [image.convert("RGB").getpixel((0, 0))] * 64) <= 1  # type: ignore[list-item]


def test_ycbcr_that_is_cut_off_is_truncated() -> None:
    picture = planes(20, 12, (1, 1))
    whole = ycbcr(picture)
    # The pixels follow the directory instead of starting at byte 8.
    length = 20 * 12 * 3
    data = whole.replace(struct.pack("<HHII", 273, LONG, 1, 8), struct.pack("<HHII", 273, LONG, 1, len(whole)))
    assert pixels(data + whole[8 : 8 + length]) == pixels(whole)
    with pytest.raises(ImageError) as caught:
        pixels(data + whole[8 : 8 + length - 100])
    end = len(whole) + length
    assert caught.value.kind is Kind.TRUNCATED
    assert caught.value.message == f"the file is truncated: its pixels end at byte {end}, but it has only {end - 100}"
