"""Faults of Pillow 12 that hostile bytes can reach, kept away from it. docs/guarantees.md lists all of them.

Apache Beam holds Pillow below 13, in which these are mended: then this module can go.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from transforms.imaging import jpeg
from transforms.imaging.errors import ImageError, Kind, Stage

_EXIF_HEADER = b"Exif\0\0"
_MOST_EXIF_HEADERS = 64
# Those that Pillow takes for one, some of them with their bytes in the wrong order.
_TIFF_HEADERS = (b"II*\0", b"II\0*", b"II+\0", b"MM\0*", b"MM*\0", b"MM\0+")
_TIFF_HEADER = re.compile(b"|".join(map(re.escape, _TIFF_HEADERS)))
_MOST_ENTRIES = 65_535
# TIFF's types of values -> bytes of one.
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
# Tags that say how the pixels lie. Of two with one number libtiff takes the first, and Pillow the last.
_LAYOUT_TAGS = frozenset({*range(254, 260), 262, 266, 273, *range(277, 280), 284, 317, *range(320, 326)}) | {
    *(330, 338, 339, 347, 529, 530, 532),
}
# Those of them that libtiff passes over where they are no whole numbers, and Pillow does not.
_WHOLE_NUMBERS = frozenset({*range(256, 260), 262, 277, 278, 284, 322, 323, 339})
_WHOLE_TYPES = frozenset({1, 3, 4, 6, 8, 9, 13, 16, 17, 18})
# Where a codestream begins, behind its first marker; and markers (ITU-T T.800, table A.2) by their second bytes.
_CODESTREAM = re.compile(rb"(?:\A|jp2c(?:.{8})?)\xff\x4f", re.DOTALL)
_TLM, _COM, _TILE_PART = 0x55, 0x64, b"\x90"
_MAIN_HEADER = frozenset({*range(0x50, 0x61), 0x63, _COM, *range(0x70, 0x80)})
_MOST_COMMENT_COPIES = 2_000_000_000
_WIDEST_OF_RUNS = 65_535


def defused(data: bytes) -> bytes:
    """Return what Pillow may open in place of a file's bytes: those bytes, or the same image.

    Raises:
        ImageError: opening or decoding them would harm this process.
    """
    if data.startswith(b"\xff\xd8"):
        check_exif(jpeg.exif_of(data))
    elif data.startswith(_TIFF_HEADERS):
        _check_directory(data, 0, is_image=True)
    elif data[4:8] == b"ftyp":
        _check_exif_within(data)
    elif data.startswith(b"GIF8"):
        _check_comments(data)
    elif data.startswith(b"BM"):
        _check_runs(data)
    elif data.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")):
        return _without_tile_lengths(data)
    return data


def check_exif(exif: bytes) -> None:
    """Refuse an EXIF block that Pillow would read for minutes, or into many times its size of memory.

    Pillow takes headers off one by one, and copies the rest each time (CVE-2026-96643).

    Raises:
        ImageError: it is such a block.
    """
    headers = re.match(rb"(?:Exif\0\0)*", exif)
    start = headers.end() if headers else 0
    if start > _MOST_EXIF_HEADERS * len(_EXIF_HEADER):
        raise _too_large(f"the EXIF block begins with {start // len(_EXIF_HEADER)} headers")
    if exif.startswith(_TIFF_HEADERS, start):
        _check_directory(exif, start, is_image=False)


def _too_large(message: str) -> ImageError:
    return ImageError(Kind.METADATA_TOO_LARGE, Stage.DECODE, f"{message}: remove the metadata with another program")


class _Entry(NamedTuple):
    """A tag of a TIFF directory: its type, all of its bytes, and how many of them Pillow reads from elsewhere."""

    tag: int
    kind: int
    raw: bytes
    outside: int


def _check_directory(data: bytes, start: int, *, is_image: bool) -> None:
    """Refuse a first directory whose tags share their values (GHSA-wqgw-9xfh-qf2g), or tell two layouts of pixels.

    Pillow reads each tag's values anew. Where libtiff and Pillow take different layouts from it, Pillow may read past
    the end of libtiff's pixels (GHSA-462x-pgg6-55fp).
    """
    found: dict[int, bytes] = {}
    read, limit = 0, 2 * (len(data) - start) + 65_536
    for entry in _entries(data, start):
        read += entry.outside
        if read > limit:
            raise _too_large(f"the values of its tags are more than twice its {len(data) - start} bytes")
        if is_image and entry.tag in _LAYOUT_TAGS and found.setdefault(entry.tag, entry.raw) != entry.raw:
            message = f"the TIFF tag {entry.tag} stands there twice, with different values"
            raise ImageError(Kind.DAMAGED, Stage.DECODE, message)
        if is_image and entry.tag in _WHOLE_NUMBERS and entry.kind not in _WHOLE_TYPES:
            message = f"the TIFF tag {entry.tag} has the type {entry.kind}, and must be a whole number"
            raise ImageError(Kind.DAMAGED, Stage.DECODE, message)


def _entries(data: bytes, start: int) -> Iterator[_Entry]:
    order = "<" if data.startswith(b"II", start) else ">"
    big = data[start + 2] == ord("+")
    number, width = ("Q", 8) if big else ("I", 4)
    try:
        (directory,) = struct.unpack_from(order + number, data, start + width)
        counter = "Q" if big else "H"
        (count,) = struct.unpack_from(order + counter, data, start + directory)
    except (struct.error, OverflowError):  # cut off
        return
    if count > _MOST_ENTRIES:
        raise _too_large(f"there are {count} tags")
    at, length = start + directory + struct.calcsize(counter), 4 + 2 * width
    for place in range(at, min(at + count * length, len(data) - length + 1), length):
        tag, kind, values, target = struct.unpack_from(f"{order}HH{number}{number}", data, place)
        size = values * _WIDTHS.get(kind, 0)
        outside = min(size, max(0, len(data) - start - target)) if size > width else 0
        yield _Entry(tag, kind, data[place : place + length], outside)


def _check_exif_within(data: bytes) -> None:
    """Refuse an AVIF with something that would be a harmful EXIF block, wherever it is: Pillow reads it at once."""
    if _EXIF_HEADER * _MOST_EXIF_HEADERS in data:
        raise _too_large(f"an EXIF block begins with {_MOST_EXIF_HEADERS} headers or more")
    for number, header in enumerate(_TIFF_HEADER.finditer(data)):
        if number == _MOST_EXIF_HEADERS:
            raise _too_large(f"there are more than {_MOST_EXIF_HEADERS} EXIF blocks")
        _check_directory(data, header.start(), is_image=False)


def _check_comments(data: bytes) -> None:
    """Refuse a GIF whose comment Pillow would put together for minutes: it copies it for each block."""
    length = copied = 0
    at = 13 + (3 << (data[10] % 8 + 1) if len(data) > 10 and data[10] & 0x80 else 0)
    while data[at : at + 1] == b"!":
        is_comment = data[at + 1 : at + 2] == b"\xfe"
        at += 2
        while size := int.from_bytes(data[at : at + 1], "big"):
            at += 1 + size
            length += size if is_comment else 0
            copied += length if is_comment else 0
            if copied > _MOST_COMMENT_COPIES:
                raise _too_large(f"the comment has more than {length} bytes in small blocks")
        at += 1


def _check_runs(data: bytes) -> None:
    """Refuse a very wide BMP of run lengths, of which 4 bytes may skip 255 lines, held at once (CVE-2026-96638)."""
    if len(data) >= 34 and int.from_bytes(data[14:18], "little") >= 40:
        width, compression = struct.unpack_from("<I", data, 18)[0], struct.unpack_from("<I", data, 30)[0]
        if compression in (1, 2) and width > _WIDEST_OF_RUNS:
            message = f"a BMP of run lengths {width} pixels wide: {_WIDEST_OF_RUNS} at most are read"
            raise ImageError(Kind.DAMAGED, Stage.DECODE, message)


def _without_tile_lengths(data: bytes) -> bytes:
    """Return a JPEG 2000 file whose lists of tile lengths (TLM) are comments (COM), which decode to the same image.

    OpenJPEG up to 2.5.4 writes past the end of what such a list made it reserve (GHSA-78g4-xqwv-q3g8).
    """
    mended = bytearray(data)
    for start in _CODESTREAM.finditer(data):
        at = start.end()
        while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (_TILE_PART, b""):
            if data[at + 1] not in _MAIN_HEADER:  # OpenJPEG looks for the next one that it knows, byte by byte
                message = f"the marker 0xFF{data[at + 1]:02X} has no place in the header of a JPEG 2000 codestream"
                raise ImageError(Kind.DAMAGED, Stage.DECODE, message)
            if data[at + 1] == _TLM:
                mended[at + 1] = _COM
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return bytes(mended)
