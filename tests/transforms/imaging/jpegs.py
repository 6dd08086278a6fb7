"""JPEGs that Pillow cannot write: lossless and arithmetic-coded ones, and any order of segments."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Sequence

START, END = b"\xff\xd8", b"\xff\xd9"

# Rows of samples from 0 to 2 ** bits - 1.
Plane = Sequence[Sequence[int]]

# 16 x 12 pixels each, written by cjpeg -arithmetic -quality 50 -sample 1x1, the second with -progressive.
_TABLES = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBk"
    "eFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/"
)
ARITHMETIC = base64.b64decode(
    _TABLES
    + "yQARCAAMABADAREAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD+pQeVcgyamc/3Fka5wocqG1U+j0qw5LkujTxWKm+GDeHu/9k="
)
PROGRESSIVE_ARITHMETIC = base64.b64decode(
    _TABLES
    + "ygARCAAMABADAREAAhEBAxEB/8wABgAQARD/2gAMAwEAAhADEAAAAf2Al3nNrtBIQP/MAAQQBf/aAAgBAQABBQKa9C6/2f/MAAQRBf/aAAgB"
    "AwEBPwGj5v/MAAQRBf/aAAgBAgEBPwGGTcgcIJr/zAAEEAX/2gAIAQEABj8CwP/MAAQQBf/aAAgBAQABPyFMZAiI/9oADAMBAAIAAwAAABDM"
    "GP/MAAQRBf/aAAgBAwEBPxB/E2j/zAAEEQX/2gAIAQIBAT8QTDdm/8wABBAF/9oACAEBAAE/EB8Ugv/Z"
)

# A Huffman table with a 5-bit code for each of the categories 0 to 16.
_CODES = bytes(4) + b"\x11" + bytes(11) + bytes(range(17))


def segment(marker: int, body: bytes = b"") -> bytes:
    """Return a segment. `marker` is the second byte of its marker."""
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(body)) + body


def frame(marker: int, size: tuple[int, int], identifiers: Sequence[int] = (1,), bits: int = 8) -> bytes:
    """Return a frame header for (width, height) pixels without subsampling."""
    components = b"".join(bytes((identifier, 0x11, 0)) for identifier in identifiers)
    return segment(marker, struct.pack(">BHHB", bits, size[1], size[0], len(identifiers)) + components)


def lossless(
    planes: Sequence[Plane],
    *,
    identifiers: Sequence[int] = (1, 2, 3, 4),
    predictor: int = 1,
    point: int = 0,
    bits: int = 8,
    before: bytes = b"",
    restarts: bool = False,
    interleaved: bool = True,
) -> bytes:
    """Return a lossless JPEG (ITU-T T.81, annex H).

    Args:
        planes: one for each component, all of the same size.
        identifiers: the identifiers of the components. Surplus ones are ignored.
        predictor: 1 to 7.
        point: the number of lowest bits to drop (the point transform).
        bits: the number of bits per sample.
        before: segments before the frame header.
        restarts: whether a restart marker follows each row.
        interleaved: whether a single scan contains all components, instead of one scan for each.
    """
    names = identifiers[: len(planes)]
    size = len(planes[0][0]), len(planes[0])
    head = before + frame(0xC3, size, names, bits) + segment(0xC4, b"\0" + _CODES)
    head += segment(0xDD, struct.pack(">H", size[0])) if restarts else b""
    whole = tuple(range(len(planes)))
    scans = (whole,) if interleaved else tuple((number,) for number in whole)
    body = b""
    for scan in scans:
        listed = b"".join(bytes((names[number], 0)) for number in scan)
        body += segment(0xDA, bytes((len(scan),)) + listed + bytes((predictor, 0, point)))
        residuals = [list(_residuals(planes[number], predictor, point, bits, restarts)) for number in scan]
        body += _coded(residuals, size, restarts)
    return START + head + body + END


def _residuals(plane: Plane, predictor: int, point: int, bits: int, restarts: bool) -> Iterator[int]:
    """Yield the difference between each sample and its prediction."""
    rows = [[sample >> point for sample in row] for row in plane]
    for y, row in enumerate(rows):
        for x, sample in enumerate(row):
            if y == 0 or restarts:
                expected = row[x - 1] if x else 1 << (bits - point - 1)
            elif x == 0:
                expected = rows[y - 1][0]
            else:
                left, above, corner = row[x - 1], rows[y - 1][x], rows[y - 1][x - 1]
                expected = (
                    *(left, above, corner, left + above - corner, left + (above - corner >> 1)),
                    *(above + (left - corner >> 1), left + above >> 1),
                )[predictor - 1]
            yield (sample - expected + 32768) % 65536 - 32768


def _coded(residuals: Sequence[Sequence[int]], size: tuple[int, int], restarts: bool) -> bytes:
    """Return the encoded residuals, pixel by pixel."""
    pixels = list(zip(*residuals, strict=True))
    lines = [pixels[start : start + size[0]] for start in range(0, len(pixels), size[0])]
    coded = [b"".join(_packed_bits(line)) for line in (lines if restarts else [pixels])]
    marks = [bytes((0xFF, 0xD0 + number % 8)) for number in range(len(coded) - 1)]
    return b"".join(part + mark for part, mark in zip(coded, [*marks, b""], strict=True))


def _packed_bits(pixels: Sequence[Sequence[int]]) -> Iterator[bytes]:
    bits = ""
    for pixel in pixels:
        for residual in pixel:
            category = abs(residual).bit_length()
            bits += f"{category:05b}"
            if category in range(1, 16):
                bits += f"{residual if residual > 0 else residual + (1 << category) - 1:0{category}b}"
    bits += "1" * (-len(bits) % 8)
    for start in range(0, len(bits), 8):
        byte = int(bits[start : start + 8], 2)
        yield b"\xff\0" if byte == 0xFF else bytes((byte,))
