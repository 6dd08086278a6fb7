"""Image files that Pillow cannot write, built byte by byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence


def png(size: tuple[int, int], *chunks: tuple[bytes, bytes], bits: int = 8, color_type: int = 2) -> bytes:
    """Return a PNG with a header and chunks, each passed as (name, body)."""
    header = struct.pack(">IIBBBBB", *size, bits, color_type, 0, 0, 0)
    all_chunks = ((b"IHDR", header), *chunks, (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in all_chunks
    )


def png_rows(*rows: bytes) -> tuple[bytes, bytes]:
    """Return the chunk (name, body) with the pixels."""
    return b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))


def tiff(
    width: int, data: bytes, bits: int, *, sample_format: int = 1, photometric: int = 1, order: str = "<"
) -> bytes:
    """Return an uncompressed gray TIFF of one row.

    Args:
        width: in pixels.
        data: the bytes of the row.
        bits: the number of bits per sample.
        sample_format: 1 unsigned, 2 signed, 3 floating point.
        photometric: 0 if small values are light, 1 if they are dark.
        order: the byte order, "<" or ">".
    """
    entries = {256: width, 257: 1, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: 1}
    entries |= {279: len(data), 339: sample_format}
    padded = data + b"\0" * (len(data) % 2)
    directory = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8 + len(padded))
    return head + padded + struct.pack(f"{order}H", len(entries)) + directory + bytes(4)


def tiff_of(tags: dict[int, int], data: bytes = bytes(100), head: bytes = b"II*\0") -> bytes:
    """Return a TIFF of 10 x 10 gray pixels, with tags added or replaced. `head` may be that of a BigTIFF."""
    big, order = head[2:4] in (b"+\0", b"\0+"), "<" if head.startswith(b"II") else ">"
    entries = {256: 10, 257: 10, 258: 8, 259: 1, 262: 1, 273: 16, 277: 1, 278: 10, 279: len(data)} | tags
    entry, number, offset = ("HHQQ", "Q", "HHQ") if big else ("HHII", "H", "I")
    start = 16 + len(data)
    first = struct.pack(order + offset, *((8, 0, start) if big else (start,)))
    directory = b"".join(struct.pack(order + entry, tag, 4, 1, value) for tag, value in sorted(entries.items()))
    if big and order == ">":  # a 4-byte value is in the first half of its 8 bytes
        directory = b"".join(struct.pack(">HHQII", tag, 4, 1, value, 0) for tag, value in sorted(entries.items()))
    return (head + first).ljust(16, b"\0") + data + struct.pack(order + number, len(entries)) + directory + bytes(8)


def psd(bits: int, mode: int, channels: int, version: int = 1, compression: int = 0) -> bytes:
    """Return a Photoshop file of 8 x 8 pixels without layers."""
    head = b"8BPS" + struct.pack(">H6sHIIHH", version, bytes(6), channels, 8, 8, bits, mode)
    return head + bytes(12) + struct.pack(">H", compression) + bytes(8 * 8 * channels * max(8, bits) // 8)


def bmp(bits: int, compression: int, masks: bytes = b"") -> bytes:
    """Return a BMP of 8 x 8 pixels without a palette."""
    data = bytes(8 * 8 * 8)
    head = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, bits, compression, len(data), 0, 0, 0, 0) + masks
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(data), 0, 0, 14 + len(head)) + head + data


def boxes_of(brand: bytes, *compatible: bytes) -> bytes:
    """Return the beginning of a file made of boxes, such as a HEIC, an AVIF or a video."""
    body = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 4 + len(body)) + body + bytes(500)


def icc_profile(space: str, tags: dict[str, bytes], connection: str = "XYZ ") -> bytes:
    """Return an ICC profile of version 2.1, for a display or, if `connection` is "Lab ", for a printer."""
    tags = {"desc": _text("desc"), "cprt": b"text\0\0\0\0none\0", "wtpt": xyz(0.9642, 1, 0.8249)} | tags
    table, bodies, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        padded = body + b"\0" * (-len(body) % 4)
        table += struct.pack(">4sII", name.encode(), offset + len(bodies), len(body))
        bodies += padded
    kind = "mntr" if connection == "XYZ " else "prtr"
    head = struct.pack(
        ">I4sI4s4s4s", offset + len(bodies), b"none", 0x02100000, *(text.encode() for text in (kind, space, connection))
    )
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + bodies


def _text(text: str) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text.encode() + b"\0" + bytes(8 + 3 + 67)


def xyz(*values: float) -> bytes:
    """Return a tag with an XYZ color."""
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def gamma(exponent: float) -> bytes:
    """Return a tag with a gamma curve."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def color_table(inputs: int, corners: Sequence[tuple[int, int, int]]) -> bytes:
    """Return a tag with a table from `inputs` channels to Lab. It has 2 ** inputs corners of 8-bit values."""
    identity = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 16)
    head = b"mft1\0\0\0\0" + struct.pack(">4B9i", inputs, 3, 2, 0, *identity)
    return head + bytes(range(256)) * inputs + bytes(sum(corners, ())) + bytes(range(256)) * 3
