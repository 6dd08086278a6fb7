"""The first directory of a TIFF, and which codings in it no decoder here reads.

Tags and their values: TIFF 6.0, https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, and what was registered
since, https://libtiff.gitlab.io/libtiff/specification/coverage.html.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from PIL import TiffImagePlugin

_SUBFILE_TYPE, _BITS, _COMPRESSION, _PHOTOMETRIC, _SUB_IFDS = 254, 258, 259, 262, 330
_REDUCED = 1
_OLD_JPEG, _JPEG = 6, 7
# Values of the tag that were given to somebody; an unknown one elsewhere is damage.
_PRIVATE = range(32766, 65536)
# What JPEGs of more than 8 bits may have.
_DEEP_JPEG = range(9, 17)

_COMPRESSIONS = {
    2: "CCITT fax",
    3: "CCITT fax",
    4: "CCITT fax",
    5: "LZW",
    6: "old-style JPEG",
    7: "JPEG",
    8: "Deflate",
    9: "JBIG",
    10: "JBIG",
    32766: "NeXT compression",
    32771: "CCITT fax",
    32773: "PackBits",
    32809: "ThunderScan compression",
    32908: "PixarFilm compression",
    32909: "PixarLog compression",
    32946: "Deflate",
    32947: "Kodak DCS compression",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    33007: "JPEG",
    34661: "JBIG",
    34676: "SGILog compression",
    34677: "SGILog compression",
    34712: "JPEG 2000",
    34713: "Nikon NEF compression",
    34715: "JBIG2",
    34887: "LERC",
    34892: "lossy JPEG of DNG",
    34925: "LZMA",
    34926: "Zstandard",
    34927: "WebP",
    34933: "PNG",
    34934: "JPEG XR",
    48124: "Jetraw compression",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_PHOTOMETRICS = {
    32803: "raw sensor data",
    32844: "LogL light",
    32845: "LogLuv colours",
    34892: "raw sensor data",
}
# What libtiff says of codings that it was built without, or that libjpeg below it does not have.
_NOT_THERE = re.compile(r"not (?:configured|implemented|supported)|unsupported", re.IGNORECASE)


def unread(data: bytes, said: Sequence[str]) -> str | None:
    """The coding in a TIFF that no decoder here reads; None where there is none by its tags and by libtiff.

    Args:
        data: of a file that could not be decoded.
        said: what libtiff said of it.
    """
    tags = first_directory(data)
    compression, bits = tags.get(_COMPRESSION, 1), tags.get(_BITS, 1)
    name = _COMPRESSIONS.get(compression)
    if compression not in TiffImagePlugin.COMPRESSION_INFO and (name or compression in _PRIVATE):
        return f"TIFF with {name or f'compression {compression}'} inside"
    if photometric := _PHOTOMETRICS.get(tags.get(_PHOTOMETRIC, 1)):
        return f"TIFF with {photometric} inside"
    if compression in (_OLD_JPEG, _JPEG) and bits in _DEEP_JPEG:
        return f"TIFF with {bits}-bit JPEG inside"
    if name and any(map(_NOT_THERE.search, said)):
        return f"TIFF with {name} inside"
    return None


def preview(data: bytes) -> str | None:
    """What a TIFF is whose first picture is only a small copy of the one that counts; None of all others.

    Pillow takes the first, as if there were no other.
    """
    tags = first_directory(data)
    if data[8:11] == b"CR\x02":
        return "camera raw (Canon CR2)"
    if tags.get(_SUBFILE_TYPE, 0) & _REDUCED and _SUB_IFDS in tags:
        return "TIFF with its picture in a SubIFD behind a preview, as camera raw files (DNG, NEF, ARW) have it"
    return None


def first_directory(data: bytes) -> dict[int, int]:
    """Tag -> its first value, of the first directory's tags that are whole numbers; {} of what is no TIFF."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return {}
    try:
        return _directory(data, order)
    except (struct.error, OverflowError):  # it ends before that
        return {}


def _directory(data: bytes, order: str) -> dict[int, int]:
    (version,) = struct.unpack_from(f"{order}H", data, 2)
    big = version == 43
    head, offset, entry = ("Q", "Q", "HHQQ") if big else ("H", "I", "HHII")
    (start,) = struct.unpack_from(order + offset, data, 8 if big else 4)
    (entries,) = struct.unpack_from(order + head, data, start)
    first = start + struct.calcsize(order + head)
    length = struct.calcsize(order + entry)
    tags = {}
    for at in range(first, min(first + entries * length, len(data)), length):
        tag, kind, count, _ = struct.unpack_from(order + entry, data, at)
        if kind in (3, 4):
            value = at + length - struct.calcsize(order + offset)
            if count * (2 if kind == 3 else 4) > struct.calcsize(order + offset):
                (value,) = struct.unpack_from(order + offset, data, value)
            (tags[tag],) = struct.unpack_from(order + {3: "H", 4: "I"}[kind], data, value)
    return tags
