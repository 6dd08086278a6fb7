"""Intact images of every supported format, and of a few unsupported ones. The cases are damaged copies of them."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import pillow_heif
import pillow_jxl  # noqa: F401  # registers the encoder with Pillow
from PIL import Image

from tests.fuzz.bytewise import bytewise_files
from tests.fuzz.jpegs import jpeg_files
from tests.support import image_bytes
from tests.support.photos import photo
from tests.transforms.imaging.files import gamma, icc_profile, xyz

pillow_heif.register_heif_opener()  # registers the encoder, too; the core opens no file with it

# (width, height) in pixels. Large images are decoded at a reduced scale; huge images need a lot of memory.
_SMALL, _LARGE, _HUGE = (45, 31), (400, 304), (2400, 2000)

# Pillow's format -> the modes, in addition to RGB, that it writes without further parameters.
_MODES = {
    "JPEG": ("L", "CMYK", "1"),
    "MPO": ("L",),
    "PNG": ("1", "L", "LA", "P", "RGBA", "I;16"),
    "WEBP": ("RGBA", "L", "P"),
    "GIF": ("P", "L", "1", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I;16B", "I", "F", "LAB", "YCbCr", "PA", "RGBX"),
    "BMP": ("1", "L", "P", "RGBA"),
    "DIB": ("L", "RGBA"),
    "JPEG2000": ("L", "LA", "RGBA", "I;16", "YCbCr"),
    "AVIF": ("RGBA", "L"),
    "PPM": ("1", "L", "I;16", "F", "RGBA"),
    "TGA": ("1", "L", "LA", "P", "RGBA"),
    "ICO": ("1", "L", "P", "RGBA"),
    "QOI": ("RGBA",),
    "HEIF": ("RGBA", "L", "I;16"),
    "JXL": ("L", "LA", "RGBA", "I;16", "F"),
}
_FOREIGN = ("EPS", "DDS", "SGI", "PCX", "PDF", "SPIDER", "IM")

# Pillow's format, and the parameters with which an image is saved.
_SAVED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("JPEG", {"progressive": True}),
    ("JPEG", {"restart_marker_blocks": 1}),
    ("JPEG", {"restart_marker_rows": 1, "progressive": True, "subsampling": 0}),
    ("JPEG", {"subsampling": "4:1:1", "comment": b"a comment"}),
    ("PNG", {"dpi": (72, 72), "compress_level": 0}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"quality": 5}),
    ("AVIF", {"subsampling": "4:4:4"}),
    ("TIFF", {"big_tiff": True}),
    ("TIFF", {"tiffinfo": {322: 16, 323: 16}, "compression": "tiff_lzw"}),
    ("HEIF", {"tile_size": 16}),
    ("JXL", {"use_container": True, "lossless": True}),
    ("JPEG2000", {"no_jp2": True}),
    ("JPEG2000", {"irreversible": True, "tile_size": (16, 16), "quality_layers": [40, 20]}),
    ("TGA", {"compression": "tga_rle"}),
    ("TGA", {"orientation": 1}),
    ("ICO", {"sizes": [(16, 16), (32, 32)], "bitmap_format": "bmp"}),
)
_HUGE_ONES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(("JPEG", "RGB", {"progressive": True}), ("JPEG", "CMYK", {}), ("PNG", "RGBA", {}), ("PNG", "P", {})),
    *(("PNG", "I;16", {}), ("WEBP", "RGB", {"lossless": True}), ("GIF", "P", {}), ("AVIF", "RGB", {})),
    *(
        ("HEIF", "RGB", {"tile_size": 512}),
        ("HEIF", "I;16", {}),
        ("JXL", "RGBA", {"effort": 1}),
        ("JXL", "F", {"effort": 1}),
    ),
    *(("JPEG2000", "RGB", {}), ("TIFF", "F", {"compression": "tiff_adobe_deflate"}), ("QOI", "RGB", {})),
    *(("TIFF", "CMYK", {"compression": "tiff_lzw"}), ("TGA", "RGB", {"compression": "tga_rle"})),
    *(("TIFF", "1", {"compression": "group4"}), ("PPM", "1", {}), ("BMP", "1", {})),
)
_COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd", "tiff_deflate")
_ANIMATED = ("GIF", "WEBP", "PNG", "AVIF", "TIFF", "MPO", "HEIF")
_TAGGED = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "HEIF", "JXL", "TIFF")


# A function that returns a picture, Pillow's format, and the parameters with which the picture is saved.
_Recipe = tuple[Callable[[], Image.Image], str, dict[str, Any]]


@functools.cache
def seed_names() -> tuple[str, ...]:
    """Return the names of all intact files. Each begins with its format, or with "foreign"."""
    return *_recipes(), *bytewise_files(), *jpeg_files()


@functools.cache
def seed_file(name: str) -> bytes:
    """Return the intact file with a name."""
    if name not in _recipes():
        return (bytewise_files() | jpeg_files())[name]
    paint, image_format, parameters = _recipes()[name]
    if image_format == "AVIF":
        parameters = parameters | {"max_threads": 1, "speed": 10}
    return image_bytes(paint(), image_format, **parameters)


@functools.cache
def _recipes() -> dict[str, _Recipe]:
    return _plain() | _parameters() | _tagged()


def picture(mode: str = "RGB", size: tuple[int, int] = _SMALL) -> Image.Image:
    """Return a photograph-like image in any mode, partly transparent if the mode has transparency."""
    image = photo(7, size)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.linear_gradient("L").resize(size))
    if mode == "PA":
        return image.convert("P").convert("PA")
    if mode == "LAB":
        return Image.frombytes("LAB", size, image.tobytes())
    if mode.startswith("I;16"):
        return Image.frombytes(mode, size, image.tobytes()[: 2 * size[0] * size[1]])
    if mode == "F":
        return image.convert("F").point(lambda value: value * (1 / 255) + 0)
    return image.convert(mode)


def _plain() -> dict[str, _Recipe]:
    images: dict[str, _Recipe] = {
        f"{name} {mode}": (partial(picture, mode), name, {})
        for name, modes in _MODES.items()
        for mode in ("RGB", *modes)
    }
    images |= {
        f"{name} large": (partial(picture, size=_LARGE), name, {}) for name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF")
    }
    images |= {f"{name} huge {mode}": (partial(_huge, mode), name, parameters) for name, mode, parameters in _HUGE_ONES}
    foreign: dict[str, _Recipe] = {
        f"foreign {name}": (partial(picture, "F" if name == "SPIDER" else "RGB"), name, {}) for name in _FOREIGN
    }
    return images | foreign


def _huge(mode: str) -> Image.Image:
    """Return an image of millions of pixels with few colors and few bytes."""
    return picture(mode, (12, 10)).resize(_HUGE, Image.Resampling.NEAREST)


def _parameters() -> dict[str, _Recipe]:
    saved: dict[str, _Recipe] = {f"{name} {parameters}": (picture, name, parameters) for name, parameters in _SAVED}
    saved |= {
        f"JPEG large {mode}": (partial(picture, mode, _LARGE), "JPEG", {"progressive": True})
        for mode in ("RGB", "CMYK")
    }
    saved |= {f"TIFF {name}": (picture, "TIFF", {"compression": name}) for name in _COMPRESSIONS}
    saved |= {f"TIFF {name}": (partial(picture, "1"), "TIFF", {"compression": name}) for name in ("group3", "group4")}
    saved |= {
        f"TIFF F {name}": (partial(picture, "F"), "TIFF", {"compression": name}) for name in ("tiff_lzw", "packbits")
    }
    saved |= {f"PNG {bits} bits": (partial(picture, "P"), "PNG", {"bits": bits}) for bits in (1, 2, 4)}
    saved |= {f"{name} animated": (picture, name, _frames()) for name in _ANIMATED}
    saved["GIF transparent"] = (
        partial(picture, "P"),
        "GIF",
        _frames("P") | {"transparency": 3, "disposal": 2, "duration": 9},
    )
    saved["PNG palette"] = (partial(picture, "P"), "PNG", {"transparency": bytes(range(0, 256, 2))})
    saved["PNG color key"] = (picture, "PNG", {"transparency": (9, 9, 9)})
    return saved


def _frames(mode: str = "RGB") -> dict[str, Any]:
    turned = [picture(mode).transpose(turn) for turn in (Image.Transpose.ROTATE_180, Image.Transpose.FLIP_LEFT_RIGHT)]
    return {"save_all": True, "append_images": turned}


def _tagged() -> dict[str, _Recipe]:
    """Return images with an orientation, a profile, XMP and a thumbnail if the format has them."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    profile = icc_profile("RGB ", _primaries())
    tags: dict[str, Any] = {
        "exif": exif.tobytes(),
        "icc_profile": profile,
        "xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
    }
    images: dict[str, _Recipe] = {f"{name} tagged": (picture, name, tags) for name in _TAGGED if name != "TIFF"}
    images["TIFF tagged"] = (picture, "TIFF", {"exif": exif, "icc_profile": profile})
    images["JPEG long profile"] = (picture, "JPEG", {"icc_profile": profile + bytes(100_000)})
    images["JPEG thumbnail"] = (picture, "JPEG", {"exif": _exif_with_thumbnail()})
    gray = icc_profile("GRAY", {"kTRC": gamma(1.8)})
    images["PNG gray profile"] = (partial(picture, "L"), "PNG", {"icc_profile": gray})
    return images


def _primaries() -> dict[str, bytes]:
    colors = {"rXYZ": xyz(0.6, 0.3, 0.02), "gXYZ": xyz(0.2, 0.6, 0.1), "bXYZ": xyz(0.15, 0.06, 0.7)}
    return colors | dict.fromkeys(("rTRC", "gTRC", "bTRC"), gamma(2.2))


def _exif_with_thumbnail() -> bytes:
    thumbnail = image_bytes(picture(size=(16, 11)), "JPEG")
    first = struct.pack("<HHHIII", 1, 0x0112, 3, 1, 3, 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    return b"Exif\0\0II*\0\x08\0\0\0" + first + second + thumbnail
