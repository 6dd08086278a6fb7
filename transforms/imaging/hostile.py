"""Protection against files that exploit vulnerabilities of Pillow 12. docs/guarantees.md lists the vulnerabilities.

Pillow 13 fixes them, but Apache Beam requires a Pillow below 13. Delete this module when Beam allows Pillow 13.
"""

from __future__ import annotations

import contextlib
import re
import struct

from transforms.imaging import jpeg
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.tiff_directory import Directory, read_directory, read_entries

_EXIF_HEADER = b"Exif\0\0"
_MOST_EXIF_HEADERS = 64
# The TIFF headers that Pillow accepts. Some have their bytes in the wrong order.
_TIFF_HEADERS = (b"II*\0", b"II\0*", b"II+\0", b"MM\0*", b"MM*\0", b"MM\0+")
_TIFF_HEADER = re.compile(b"|".join(map(re.escape, _TIFF_HEADERS)))
_MOST_ENTRIES = 65_535
# Tags that describe the layout of the pixels. If a tag occurs twice, libtiff uses the first and Pillow the last.
_LAYOUT_TAGS = frozenset({*range(254, 260), 262, 266, 273, *range(277, 280), 284, 317, *range(320, 326)}) | {
    *(330, 338, 339, 347, 529, 530, 532),
}
# Those layout tags that libtiff, unlike Pillow, ignores if they are not whole numbers.
_WHOLE_NUMBERS = frozenset({*range(256, 260), 262, 277, 278, 284, 322, 323, 339})
_WHOLE_TYPES = frozenset({1, 3, 4, 6, 8, 9, 13, 16, 17, 18})
# The start of a JPEG 2000 codestream; and the second bytes of markers (ITU-T T.800, table A.2).
_CODESTREAM = re.compile(rb"(?:\A|jp2c(?:.{8})?)\xff\x4f", re.DOTALL)
_TLM, _COM, _TILE_PART = 0x55, 0x64, b"\x90"
_MAIN_HEADER = frozenset({*range(0x50, 0x61), 0x63, _COM, *range(0x70, 0x80)})
_MOST_COMMENT_COPIES = 2_000_000_000
_WIDEST_RUN_LENGTHS = 65_535


def defuse(data: bytes) -> bytes:
    """Return bytes that are safe to open with Pillow: the same bytes, or others that decode to the same image.

    Raises:
        ImageError: opening or decoding the file would harm this process.
    """
    if data.startswith(b"\xff\xd8"):
        check_exif(jpeg.exif_of(data))
    elif data.startswith(_TIFF_HEADERS):
        _check_directory(data, 0, is_image=True)
    elif data[4:8] == b"ftyp":
        _check_exif_of_avif(data)
    elif data.startswith(b"GIF8"):
        _check_comments(data)
    elif data.startswith(b"BM"):
        _check_run_lengths(data)
    elif data.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")):
        return _without_tile_lengths(data)
    return data


def check_exif(exif: bytes) -> None:
    """Reject an EXIF block that would take Pillow minutes to read, or memory of many times its size.

    Pillow removes repeated headers one by one, and copies the rest each time (CVE-2026-96643).

    Raises:
        ImageError: the block is rejected.
    """
    headers = re.match(rb"(?:Exif\0\0)*", exif)
    start = headers.end() if headers else 0
    if start > _MOST_EXIF_HEADERS * len(_EXIF_HEADER):
        raise _too_large(f"the EXIF block begins with {start // len(_EXIF_HEADER)} headers")
    if exif.startswith(_TIFF_HEADERS, start):
        _check_directory(exif, start, is_image=False)


def _too_large(problem: str) -> ImageError:
    return ImageError(Kind.METADATA_TOO_LARGE, Stage.DECODE, f"{problem}: remove the metadata with another program")


def _damaged(problem: str) -> ImageError:
    return ImageError(Kind.DAMAGED, Stage.DECODE, problem)


def _check_directory(data: bytes, start: int, *, is_image: bool) -> None:
    """Reject a first directory whose tags share their values, or that describes two layouts of the pixels.

    Pillow copies the values of each tag (GHSA-wqgw-9xfh-qf2g). If libtiff and Pillow read different layouts, Pillow
    may read past the end of libtiff's pixels (GHSA-462x-pgg6-55fp).
    """
    # Follow Pillow, which reads "MM\0+", the header of a BigTIFF, as that of a plain TIFF.
    is_big = data[start + 2] == ord("+")
    with contextlib.suppress(struct.error, OverflowError):  # the data ends inside the directory
        _check_entries(data, read_directory(data, start, is_big=is_big), is_image)


def _check_entries(data: bytes, directory: Directory, is_image: bool) -> None:
    if directory.entries > _MOST_ENTRIES:
        raise _too_large(f"a directory has {directory.entries} tags")
    layout: dict[int, bytes] = {}
    total, length = 0, len(data) - directory.start
    for entry in read_entries(data, directory):
        total += 0 if entry.is_inside else min(entry.size, max(0, len(data) - entry.place))
        if total > 2 * length + 65_536:
            raise _too_large(f"the values of its tags add up to more than twice its {length} bytes")
        if is_image and entry.tag in _LAYOUT_TAGS and layout.setdefault(entry.tag, entry.raw) != entry.raw:
            raise _damaged(f"the TIFF tag {entry.tag} occurs twice, with different values")
        if is_image and entry.tag in _WHOLE_NUMBERS and entry.kind not in _WHOLE_TYPES:
            raise _damaged(f"the TIFF tag {entry.tag} has the type {entry.kind}, but must be a whole number")


def _check_exif_of_avif(data: bytes) -> None:
    """Reject an AVIF that contains a harmful EXIF block anywhere: Pillow reads EXIF when it opens an AVIF."""
    if _EXIF_HEADER * _MOST_EXIF_HEADERS in data:
        raise _too_large(f"an EXIF block begins with {_MOST_EXIF_HEADERS} headers or more")
    for number, header in enumerate(_TIFF_HEADER.finditer(data)):
        if number == _MOST_EXIF_HEADERS:
            raise _too_large(f"the file has more than {_MOST_EXIF_HEADERS} EXIF blocks")
        _check_directory(data, header.start(), is_image=False)


def _check_comments(data: bytes) -> None:
    """Reject a GIF whose comment would take Pillow minutes to join: each block copies the whole comment so far."""
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


def _check_run_lengths(data: bytes) -> None:
    """Reject a very wide run-length-encoded BMP: 4 bytes can skip 255 lines, which Pillow allocates at once.

    This is CVE-2026-96638.
    """
    if len(data) >= 34 and int.from_bytes(data[14:18], "little") >= 40:
        width, compression = struct.unpack_from("<I", data, 18)[0], struct.unpack_from("<I", data, 30)[0]
        if compression in (1, 2) and width > _WIDEST_RUN_LENGTHS:
            raise _damaged(f"a run-length-encoded BMP {width} pixels wide: at most {_WIDEST_RUN_LENGTHS} are supported")


def _without_tile_lengths(data: bytes) -> bytes:
    """Return a JPEG 2000 file with its lists of tile lengths (TLM) turned into comments (COM).

    The file decodes to the same image. OpenJPEG up to 2.5.4 writes past the end of the memory that it allocates for
    such a list (GHSA-78g4-xqwv-q3g8).
    """
    harmless = bytearray(data)
    for start in _CODESTREAM.finditer(data):
        at = start.end()
        while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (_TILE_PART, b""):
            if data[at + 1] not in _MAIN_HEADER:  # OpenJPEG would scan byte by byte for the next known marker
                marker = f"0xFF{data[at + 1]:02X}"
                raise _damaged(f"the marker {marker} is not allowed in the header of a JPEG 2000 codestream")
            if data[at + 1] == _TLM:
                harmless[at + 1] = _COM
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return bytes(harmless)
