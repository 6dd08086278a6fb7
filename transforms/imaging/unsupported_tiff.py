"""Codings of TIFFs that this program cannot decode.

The values of the tags are from TIFF 6.0, https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, and later
registrations, https://libtiff.gitlab.io/libtiff/specification/coverage.html.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from transforms.imaging import compat
from transforms.imaging.tiff_directory import (
    BITS_PER_SAMPLE,
    COMPRESSION,
    PHOTOMETRIC,
    SUB_IFDS,
    SUBFILE_TYPE,
    whole_numbers,
)

_REDUCED = 1
_OLD_JPEG, _JPEG = 6, 7
# The bits per sample of JPEGs deeper than 8 bits.
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
    22610: "JPEG XR",
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
    32845: "LogLuv colors",
    34892: "raw sensor data",
}
# libtiff's messages about a coding that it, or libjpeg, was built without.
_MISSING_CODEC = re.compile(r"not (?:configured|implemented|supported)|unsupported", re.IGNORECASE)


def coding_of(data: bytes, messages: Sequence[str]) -> str | None:
    """Return the name of a TIFF's unsupported coding; None if neither its tags nor libtiff's messages name one.

    Args:
        data: a file that could not be decoded.
        messages: libtiff's messages about it.
    """
    tags = whole_numbers(data)
    compression, bits = tags.get(COMPRESSION, 1), tags.get(BITS_PER_SAMPLE, 1)
    name = _COMPRESSIONS.get(compression)
    if compression not in compat.tiff_compressions() and compression < 65_536:  # the tag has 16 bits
        return f"TIFF with {name or f'compression {compression}'} inside"
    if photometric := _PHOTOMETRICS.get(tags.get(PHOTOMETRIC, 1)):
        return f"TIFF with {photometric} inside"
    if compression in (_OLD_JPEG, _JPEG) and bits in _DEEP_JPEG:
        return f"TIFF with {bits}-bit JPEG inside"
    if name and any(map(_MISSING_CODEC.search, messages)):
        return f"TIFF with {name} inside"
    return None


def preview_of(data: bytes) -> str | None:
    """Return the name of a TIFF's format if its first picture is only a preview of the main one, else None.

    Pillow decodes only the first picture.
    """
    tags = whole_numbers(data)
    if data[8:11] == b"CR\x02":
        return "camera raw (Canon CR2)"
    if tags.get(SUBFILE_TYPE, 0) & _REDUCED and SUB_IFDS in tags:
        return "TIFF with its picture in a SubIFD behind a preview, as in camera raw files (DNG, NEF, ARW)"
    return None
