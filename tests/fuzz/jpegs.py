"""JPEGs of every coding and layout. Pillow cannot write most of them."""

from __future__ import annotations

import functools
import struct
from typing import Any

import imagecodecs
import numpy
from PIL import Image

from tests.support import image_bytes
from tests.support.photos import photo
from tests.transforms.imaging import jpegs
from tests.transforms.imaging.jpegs import segment

_SMALL, _LARGE = (45, 31), (400, 304)

# Name of a file -> the marker of a frame that no encoder here writes, and whether it replaces a progressive frame's.
_REMARKED = {
    "SOF1": (0xC1, False),
    "SOF5": (0xC5, False),
    "SOF6": (0xC6, True),
    "SOF9 large": (0xC9, False),
    "SOF10 large": (0xCA, True),
    "SOF11": (0xCB, False),
    "SOF15": (0xCF, False),
}


@functools.cache
def jpeg_files() -> dict[str, bytes]:
    """Return name -> file. Each name begins with the format."""
    files = _lossless() | _deep() | _colors() | _thumbnails()
    for name, (marker, progressive) in _REMARKED.items():
        data = image_bytes(photo(7, _LARGE if "large" in name else _SMALL), "JPEG", progressive=progressive)
        files[name] = _remarked(data, marker)
    files |= {"SOF9": jpegs.ARITHMETIC, "SOF10": jpegs.PROGRESSIVE_ARITHMETIC}
    plain = image_bytes(photo(7, _LARGE), "JPEG")
    lossless = files["lossless large RGB"]
    files["hierarchical"] = plain[:2] + jpegs.frame(0xDE, _LARGE, (1, 2, 3)) + plain[2:]
    files["two frames"] = lossless[:2] + jpegs.frame(0xC0, (50, 38), (1, 2, 3)) + lossless[2:]
    files["two images"] = plain + lossless
    files["restarts"] = image_bytes(photo(7, _LARGE), "JPEG", restart_marker_blocks=3, progressive=True)
    return {f"JPEG {name}": data for name, data in files.items()}


def _remarked(data: bytes, marker: int) -> bytes:
    return data.replace(b"\xff\xc0", bytes((0xFF, marker)), 1).replace(b"\xff\xc2", bytes((0xFF, marker)), 1)


def _array(mode: str, size: tuple[int, int]) -> numpy.ndarray:
    return numpy.asarray(photo(7, size).convert(mode))


def _encoded(pixels: numpy.ndarray, **settings: Any) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, **settings))


def _lossless() -> dict[str, bytes]:
    files = {
        f"lossless large {mode}": _encoded(
            _array(mode, _LARGE), colorspace={"L": "GRAY"}.get(mode, mode), lossless=True, predictor=predictor
        )
        for predictor, mode in enumerate(("L", "RGB", "CMYK"), 1)
    }
    bands = [band.tobytes() for band in photo(7, _SMALL).split()]
    planes = [[band[start : start + _SMALL[0]] for start in range(0, len(band), _SMALL[0])] for band in bands]
    return files | {
        "lossless restarts": jpegs.lossless(planes[:1], restarts=True, predictor=7),
        "lossless scans": jpegs.lossless(planes, interleaved=False, point=1),
        "lossless YCbCr": jpegs.lossless(planes, before=segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")),
        "lossless of DICOM": bytes(imagecodecs.ljpeg_encode(_array("L", _SMALL))),
    }


def _deep() -> dict[str, bytes]:
    deep = _array("L", _SMALL).astype(numpy.uint16) << 4
    return {
        "12 bits": _encoded(deep, bitspersample=12),
        "lossless 12 bits": _encoded(deep, bitspersample=12, lossless=True),
        "lossless 16 bits": _encoded(deep, bitspersample=16, lossless=True),
        "LS": bytes(imagecodecs.jpegls_encode(_array("RGB", _SMALL))),
    }


def _colors() -> dict[str, bytes]:
    return {
        f"{name} large": _encoded(_array(mode, _LARGE), colorspace=mode, outcolorspace=name, subsampling=subsampling)
        for mode, name, subsampling in (("CMYK", "CMYK", "444"), ("CMYK", "YCCK", "420"), ("RGB", "RGB", "444"))
    }


def _thumbnails() -> dict[str, bytes]:
    """Return a baseline image with a lossless thumbnail, and a lossless image with a baseline thumbnail."""
    small = Image.new("L", (16, 12), 99)
    lossless = _encoded(numpy.asarray(small), lossless=True)
    whole = _encoded(_array("L", _LARGE), lossless=True)
    plain = image_bytes(photo(7, _LARGE), "JPEG")
    return {
        "lossless thumbnail": plain[:2] + _exif(lossless) + plain[2:],
        "lossless with a thumbnail": whole[:2] + _exif(image_bytes(small, "JPEG")) + whole[2:],
    }


def _exif(thumbnail: bytes) -> bytes:
    first = struct.pack("<HHHIII", 1, 0x0112, 3, 1, 1, 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    return segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + first + second + thumbnail)
