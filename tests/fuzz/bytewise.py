"""Files that Pillow cannot write, created byte by byte."""

from __future__ import annotations

import functools
import struct
import zlib

from tests.support.photos import photo
from tests.transforms.imaging.files import png, png_rows, tiff


@functools.cache
def bytewise_files() -> dict[str, bytes]:
    """Return name -> file. Each name begins with the format."""
    return _pngs() | _tiffs() | _ppms() | _psds() | _bmps()


def _pngs() -> dict[str, bytes]:
    deep = {2: 6, 4: 4, 6: 8}  # color type -> bytes of a pixel with 16 bits per sample
    files = {
        f"PNG 16 bits {color_type}": png(
            (9, 3), png_rows(*[bytes(range(9 * width))] * 3), bits=16, color_type=color_type
        )
        for color_type, width in deep.items()
    }
    files |= {
        f"PNG gray {bits} bits": png(
            (8, 2), (b"tRNS", b"\0\1"), png_rows(*[b"\x1b" * bits] * 2), bits=bits, color_type=0
        )
        for bits in (1, 2, 4, 16)
    }
    text = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(900_000))), (b"tEXt", b"Author\0nobody")
    files["PNG texts"] = png((4, 1), *text, png_rows(bytes(12)), *text)
    return files | {"PNG interlaced": _interlaced_png()}


def _interlaced_png() -> bytes:
    """Return a gray PNG in the seven passes of Adam7 (https://www.w3.org/TR/png-3/#8InterlaceMethods)."""
    width, height = size = 45, 31
    gray = photo(7, size).convert("L").tobytes()
    steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = [gray[y * width + x : (y + 1) * width : dx] for x, y, dx, dy in steps for y in range(y, height, dy)]
    plain = png(size, png_rows(*rows), color_type=0)
    header = plain[12:28] + b"\1"
    return plain[:12] + header + struct.pack(">I", zlib.crc32(header)) + plain[33:]


def _tiffs() -> dict[str, bytes]:
    kinds = ((8, 2), (16, 1), (16, 2), (16, 3), (32, 1), (32, 2), (32, 3), (64, 3), (12, 1), (4, 1), (2, 1))
    return {
        f"TIFF {bits} bits of format {kind} {order}": tiff(12, bytes(range(96)), bits, sample_format=kind, order=order)
        for bits, kind in kinds
        for order in "<>"
    }


def _ppms() -> dict[str, bytes]:
    bodies = {"P1": "1 0 " * 6, "P2": "9\n" + "0 4 9 " * 4, "P3": "255\n# a comment\n" + "0 100 255 " * 12}
    return {f"PPM {name}": f"{name}\n4 3\n{body}".encode() for name, body in bodies.items()} | {
        "PPM 16 bits": b"P6 4 3 65535\n" + bytes(72),
        "PPM 5 levels": b"P5 4 3 5\n" + bytes(12),
        "PPM floats": b"Pf\n4 3\n-1.0\n" + struct.pack("<12f", *range(12)),
        "PPM P1 large": b"P1\n1000 800\n" + b"1 0 " * 400_000,  # Pillow reads half a million numbers at a time
    }


def _psds() -> dict[str, bytes]:
    """Return files without layers, plain and in PackBits (https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/)."""
    width, height = 16, 9
    row = bytes(range(width))
    files = {}
    for mode, channels in ((3, 3), (3, 4), (1, 1), (4, 4), (2, 1), (9, 3), (0, 1)):
        palette = bytes(range(256)) * 3 if mode == 2 else b""
        bits = 1 if mode == 0 else 8
        head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", channels, height, width, bits, mode)
        resource = b"8BIM\x04\x0f\0\0" + struct.pack(">I", 4) + b"icc!"
        head += struct.pack(">I", len(palette)) + palette + struct.pack(">I", len(resource)) + resource + bytes(4)
        lines = height * channels
        packed = bytes([width - 1]) + row
        files[f"PSD {mode} {channels}"] = head + b"\0\0" + row * lines
        files[f"PSD {mode} {channels} packed"] = (
            head + b"\0\1" + struct.pack(">H", len(packed)) * lines + packed * lines
        )
    return files


def _bmps() -> dict[str, bytes]:
    """Return BMPs with run-length encoding, and one of 16 bits per pixel with masks."""
    runs = b"\x04\x01\x04\x02\0\0\0\x04\1\2\3\4\x04\x05\0\0\0\x02\1\1\x05\x03\0\1"
    palette = bytes(range(256)) * 4
    masks = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
    return {
        "BMP runs": _bmp(8, 1, palette, runs),
        "BMP runs of 4 bits": _bmp(4, 2, palette[:64], runs),
        "BMP masks": _bmp(16, 3, masks, bytes(range(48))),
    }


def _bmp(bits: int, compression: int, table: bytes, body: bytes) -> bytes:
    """Return a BMP of 8 x 3 pixels (https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage)."""
    header = struct.pack("<IiiHHIIiiII", 40, 8, 3, 1, bits, compression, len(body), 2835, 2835, 0, 0)
    start = 14 + len(header) + len(table)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + table + body
