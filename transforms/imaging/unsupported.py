"""Names of codings that this program cannot decode, determined from the content of the file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from transforms.imaging import compat, extras, heif, libtiff, unsupported_tiff
from transforms.imaging.isobmff import AVIF_BRANDS, GENERIC_BRANDS, brands

# First bytes of a file -> its format. None of these formats is in `opening.FORMATS`.
_SIGNATURES = {
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
    b"PF\n": "PFM in color",
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

# Brand in a "ftyp" box -> the name of the coding: https://mp4ra.org/registered-types/brands.
_BRANDS = {
    **dict.fromkeys(heif.HEVC_BRANDS, "HEIC"),
    **dict.fromkeys((b"avci", b"avcs"), "HEIF with H.264 inside"),
    **dict.fromkeys((b"vvic", b"vvis"), "HEIF with VVC inside"),
    **dict.fromkeys((b"j2ki", b"j2is"), "HEIF with JPEG 2000 inside"),
    b"crx ": "camera raw (Canon CR3)",
}

_BMP_COMPRESSIONS = {4: "JPEG", 5: "PNG", 6: "a mask of transparency", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
_BMP_BITS = frozenset({2, 64})
_UNUSUAL_BMP_MASKS = "Unsupported BMP bitfields layout"  # Pillow's message
_PSD_MODES = {0: "bitmap", 1: "gray", 2: "indexed", 3: "RGB", 4: "CMYK", 7: "multichannel", 8: "duotone", 9: "Lab"}
# Pillow has no mode for more components.
_MOST_COMPONENTS = 4


def coding_of(data: bytes, messages: Sequence[str] = ()) -> str | None:
    """Return the name of a file's unsupported coding; None if the coding is not the reason for the failure.

    Codings that an installed extra reads are supported.

    Args:
        data: the file.
        messages: the decoder's messages about it.
    """
    try:
        coding = next(filter(None, (detect(data, messages) for detect in _DETECTORS)), None)
    except (struct.error, OverflowError):  # the file ends inside its header, or an offset points outside the file
        return None
    return None if any(coding in extra.codings for extra in extras.installed()) else coding


def message(coding: str, messages: Sequence[str] = ()) -> str:
    """Return the error message for a file with an unsupported coding."""
    for extra in extras.EXTRAS:
        if coding in extra.codings:
            return f"{coding} needs an extra that is not installed: {extras.install_command(extra.name)}"
    return f"{coding} is not supported{libtiff.in_brackets(messages)}: convert the file to JPEG or PNG"


def _by_signature(data: bytes, _messages: Sequence[str]) -> str | None:
    if data[128:132] == b"DICM":
        return "DICOM"
    if data[4:8] == b"ftyp":
        return _by_brand(data)
    return next((name for signature, name in _SIGNATURES.items() if data.startswith(signature)), None)


def _by_brand(data: bytes) -> str | None:
    """Return the name of a file's coding from its major brand, or else from one of its compatible brands."""
    named = brands(data)
    if AVIF_BRANDS & set(named):
        return None  # the format is supported, so the file is damaged
    name = next((_BRANDS[brand] for brand in named if brand in _BRANDS), None)
    return name or ("HEIF" if GENERIC_BRANDS & set(named) else None)


def _bmp(data: bytes, messages: Sequence[str]) -> str | None:
    if data[:2] != b"BM":
        return None
    length, _, _, _, bits, compression = struct.unpack_from("<IiiHHI", data, 14)
    if length < 40:
        return None
    if compression in _BMP_COMPRESSIONS:
        return f"BMP with {_BMP_COMPRESSIONS[compression]} inside"
    if any(_UNUSUAL_BMP_MASKS in text for text in messages):
        return "BMP with unusual bit masks"
    return f"BMP of {bits} bits per pixel" if bits in _BMP_BITS else None


def _psd(data: bytes, _messages: Sequence[str]) -> str | None:
    if data[:4] != b"8BPS":
        return None
    version, _, _, _, _, bits, mode = struct.unpack_from(">H6sHIIHH", data, 4)
    if version == 2:
        return "PSB (a Photoshop file for large pictures)"
    if (mode, bits) not in compat.psd_modes():
        return f"{bits}-bit PSD" if bits in (16, 32) else f"{bits}-bit PSD in mode {_PSD_MODES.get(mode, mode)}"
    at = 26
    for _ in ("palette", "resources", "layers"):
        at += 4 + struct.unpack_from(">I", data, at)[0]
    (compression,) = struct.unpack_from(">H", data, at)
    return "PSD with ZIP inside" if compression in (2, 3) else None


def _jpeg_2000(data: bytes, _messages: Sequence[str]) -> str | None:
    """Return a name from the SIZ segment, with which each codestream begins: ISO/IEC 15444-1, A.5.1."""
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or (start and data[4:8] != b"jP  "):
        return None
    (components,) = struct.unpack_from(">H", data, start + 40)
    return f"JPEG 2000 with {components} components" if components > _MOST_COMPONENTS else None


_DETECTORS: tuple[Callable[[bytes, Sequence[str]], str | None], ...] = (
    *(_by_signature, unsupported_tiff.coding_of),
    *(_bmp, _psd, _jpeg_2000),
)
