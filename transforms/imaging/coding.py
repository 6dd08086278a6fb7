"""Codings that no decoder here reads, by what the file itself says it is."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from PIL import PsdImagePlugin

from transforms.imaging import libtiff, tiff_coding

# First bytes -> what a file is that begins with them. None of these is opened.
_FIRST_BYTES = {
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"II\xbc\x01": "JPEG XR",
    b"DDS ": "DDS",
    b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"#?RGBE": "Radiance HDR",
    b"BPG\xfb": "BPG",
    b"FLIF": "FLIF",
    b"\x8aMNG\r\n": "MNG",
    b"\x8bJNG\r\n": "JNG",
    b"P7\n": "PAM",
    b"PF\n": "PFM in colour",
    b"\x59\xa6\x6a\x95": "Sun raster",
    b"\x01\xda\0\x01": "SGI",
    b"\x01\xda\x01\x01": "SGI",
    b"\x01\xda\0\x02": "SGI",
    b"\x01\xda\x01\x02": "SGI",
    b"icns": "ICNS",
    b"gimp xcf": "XCF (GIMP)",
    b"SIMPLE  =": "FITS",
    b"AT&TFORM": "DjVu",
    b"FUJIFILMCCD-RAW": "camera raw (Fujifilm)",
    b"IIRO": "camera raw (Olympus)",
    b"IIRS": "camera raw (Olympus)",
    b"MMOR": "camera raw (Olympus)",
    b"IIU\0": "camera raw (Panasonic)",
}

# Brands of the file types that share the box "ftyp": https://mp4ra.org/registered-types/brands.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "HEIC"),
    **dict.fromkeys((b"avci", b"avcs"), "HEIF with H.264 inside"),
    **dict.fromkeys((b"vvic", b"vvis"), "HEIF with VVC inside"),
    **dict.fromkeys((b"j2ki", b"j2is"), "HEIF with JPEG 2000 inside"),
    b"crx ": "camera raw (Canon CR3)",
}
_HEIF, _AVIF = frozenset({b"mif1", b"msf1"}), frozenset({b"avif", b"avis"})

_BMP_COMPRESSIONS = {4: "JPEG", 5: "PNG", 6: "a mask of transparency", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
_BMP_BITS = frozenset({2, 64})
_BMP_MASKS = "Unsupported BMP bitfields layout"  # Pillow's words
_PSD_MODES = {0: "bitmap", 1: "gray", 2: "indexed", 3: "RGB", 4: "CMYK", 7: "multichannel", 8: "duotone", 9: "Lab"}
# Components that Pillow has a mode for.
_MOST_COMPONENTS = 4


def unread(data: bytes, said: Sequence[str] = ()) -> str | None:
    """The name of the coding of a file that could not be decoded; None where that is not why.

    Args:
        data: of the file.
        said: what its decoder said of it.
    """
    try:
        return next(filter(None, (look(data, said) for look in _LOOKS)), None)
    except (struct.error, OverflowError):  # the file ends within its header, or what this points to is not there
        return None


def sentence(coding: str, said: Sequence[str] = ()) -> str:
    """What the owner of a file in this coding is told."""
    return f"{coding}: no decoder here reads it{libtiff.told(said)}; convert the file to JPEG or PNG"


def _by_first_bytes(data: bytes, _said: Sequence[str]) -> str | None:
    if data[128:132] == b"DICM":
        return "DICOM"
    if data[4:8] == b"ftyp":
        return _by_brand(data)
    return next((name for first, name in _FIRST_BYTES.items() if data.startswith(first)), None)


def _by_brand(data: bytes) -> str | None:
    """What a file of boxes is by its major brand, which counts for more, and by those that it is compatible with."""
    (length,) = struct.unpack_from(">I", data)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(length, len(data), 400), 4))]
    if _AVIF & set(brands):
        return None  # which is read: it is damaged
    found = next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
    return found or ("HEIF" if _HEIF & set(brands) else None)


def _in_bmp(data: bytes, said: Sequence[str]) -> str | None:
    if data[:2] != b"BM":
        return None
    length, _, _, _, bits, compression = struct.unpack_from("<IiiHHI", data, 14)
    if length < 40:
        return None
    if compression in _BMP_COMPRESSIONS:
        return f"BMP with {_BMP_COMPRESSIONS[compression]} inside"
    if any(_BMP_MASKS in one for one in said):
        return "BMP with unusual bit masks"
    return f"BMP of {bits} bits a pixel" if bits in _BMP_BITS else None


def _in_psd(data: bytes, _said: Sequence[str]) -> str | None:
    if data[:4] != b"8BPS":
        return None
    version, _, _, _, _, bits, mode = struct.unpack_from(">H6sHIIHH", data, 4)
    if version == 2:
        return "PSB (a Photoshop file for large pictures)"
    if (mode, bits) not in PsdImagePlugin.MODES:
        return f"{bits}-bit PSD" if bits in (16, 32) else f"{bits}-bit PSD in mode {_PSD_MODES.get(mode, mode)}"
    at = 26
    for _ in range(3):  # the palette, the resources, the layers
        at += 4 + struct.unpack_from(">I", data, at)[0]
    (compression,) = struct.unpack_from(">H", data, at)
    return "PSD with ZIP inside" if compression in (2, 3) else None


def _in_jpeg_2000(data: bytes, _said: Sequence[str]) -> str | None:
    """By the SIZ segment, with which each codestream begins: ISO/IEC 15444-1, A.5.1."""
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or (start and data[4:8] != b"jP  "):
        return None
    (components,) = struct.unpack_from(">H", data, start + 40)
    return f"JPEG 2000 with {components} components" if components > _MOST_COMPONENTS else None


_LOOKS: tuple[Callable[[bytes, Sequence[str]], str | None], ...] = (
    *(_by_first_bytes, tiff_coding.unread),
    *(_in_bmp, _in_psd, _in_jpeg_2000),
)
