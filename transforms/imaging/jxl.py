"""JPEG XL, which the extra `jxl` reads.

The decoder decodes a file as soon as it is opened, so `read_size` reads the dimensions first, without the decoder.

A file that was transcoded from a JPEG is decoded to that JPEG, whose EXIF contains the orientation. For any other
file, the decoder applies the orientation in the codestream, which overrides EXIF (ISO/IEC 18181-2, 9.5).
"""

from __future__ import annotations

import io
from typing import NamedTuple

from PIL import Image, ImageCms, ImageFile

from transforms.imaging import compat, extras, hostile, jpeg
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.isobmff import boxes

FORMAT = "JXL"
_MOST_HEADER_BYTES = 48
_CODESTREAM, _CONTAINER = b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"
# Value of the three-bit ratio field -> width to height.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_BITS_OF_SIDE, _BITS_OF_PREVIEW, _BITS_OF_SMALL_PREVIEW = (9, 13, 18, 30), (6, 8, 10, 12), (0, 0, 5, 9)
# libjxl's descriptions of the profiles that it generates for sRGB. They are not in the file.
_SRGB = ("sRGB", "Gra_D65_Rel_SRG")
# The decoder's modes -> Pillow's.
_MODES = {"L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "I;16": "I;16", "F": "F", "F;16": "F"}
_BYTES_A_PIXEL = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I;16": 2, "F": 4}


def accepts(data: bytes) -> bool:
    """Return whether a file is a JPEG XL and the extra is installed."""
    return data.startswith((_CODESTREAM, _CONTAINER)) and extras.JXL.is_installed


def read_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) in pixels before the picture is turned; None if the header is truncated or invalid."""
    header = _read_header(data)
    return header and header.size


class _Header(NamedTuple):
    """The header of a codestream: (width, height) in pixels, and whether the image is animated."""

    size: tuple[int, int]
    is_animated: bool


def _read_header(data: bytes) -> _Header | None:
    """Return the header; None if it is truncated or invalid. ISO/IEC 18181-1, annex D, defines the layout."""
    start = _codestream(data)
    if not start.startswith(_CODESTREAM):
        return None
    bits = _Bits(start[2:_MOST_HEADER_BYTES])
    try:
        return _Header(_size(bits), _is_animated(bits))
    except EOFError:
        return None


def _size(bits: _Bits) -> tuple[int, int]:
    is_small = bits.read(1)
    height = bits.side(is_small)
    ratio = bits.read(3)
    if not ratio:
        return bits.side(is_small), height
    numerator, denominator = _RATIOS[ratio]
    return height * numerator // denominator, height


def _is_animated(bits: _Bits) -> bool:
    has_defaults_only = bits.read(1)
    if has_defaults_only or not bits.read(1):  # no more fields
        return False
    bits.read(3)  # the orientation
    if bits.read(1):  # the intrinsic size
        _size(bits)
    if bits.read(1):  # a preview
        is_small = bits.read(1)
        bits.side_of_preview(is_small)
        if not bits.read(3):
            bits.side_of_preview(is_small)
    return bool(bits.read(1))


def _codestream(data: bytes) -> bytes:
    """Return the codestream of a file, or its first bytes."""
    if not data.startswith(_CONTAINER):
        return data[:_MOST_HEADER_BYTES]
    parts = (part[4:] for part in boxes(data, b"jxlp"))  # without their indices
    return next(boxes(data, b"jxlc"), None) or b"".join(part[:_MOST_HEADER_BYTES] for part in parts)


class _Bits:
    """Reads unsigned integers from bytes, the lowest bit first. Raises EOFError at the end."""

    def __init__(self, data: bytes) -> None:
        self._bits, self._left = int.from_bytes(data, "little"), 8 * len(data)

    def read(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise EOFError
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        return value

    def side_of_preview(self, is_small: int) -> None:
        """Skip a width or height of the preview."""
        self.read((_BITS_OF_SMALL_PREVIEW if is_small else _BITS_OF_PREVIEW)[self.read(2)])

    def side(self, is_small: int) -> int:
        """Read a width or height."""
        return (self.read(5) + 1) * 8 if is_small else self.read(_BITS_OF_SIDE[self.read(2)]) + 1


def open_image(data: bytes) -> ImageFile.ImageFile:
    """Open and decode a JPEG XL.

    Raises:
        ImageError: the file is damaged or animated, or its pixel type is not supported.
    """
    header = _read_header(data)
    if header is None:  # the number of pixels is unknown
        raise ImageError(Kind.DAMAGED, Stage.DECODE, "the header is damaged or cut off")
    if header.is_animated:  # the decoder returns the last frame, but for other formats the first one is used
        raise ImageError(
            Kind.UNSUPPORTED_CODING, Stage.DECODE, "an animated JPEG XL is not supported: convert it to PNG"
        )
    return compat.DecodedImage(_decoded(data), FORMAT)


def _decoded(data: bytes) -> Image.Image:
    """Return the picture with its ICC profile, and with EXIF and XMP if they contain its orientation."""
    try:
        is_jpeg, info, pixels, profile, _ = extras.load(extras.JXL).Decoder(num_threads=0)(data)
    except RuntimeError as error:  # its message does not name the reason
        message = "the pixels cannot be decoded: the file is damaged or ends early"
        raise ImageError(Kind.DAMAGED, Stage.DECODE, message) from error
    if is_jpeg:
        return _jpeg(pixels)
    picture = _picture(info.mode, (info.width, info.height), pixels)
    if profile and not _is_srgb(profile):
        picture.info["icc_profile"] = profile
    return picture


def _jpeg(data: bytes) -> Image.Image:
    hostile.check_exif(jpeg.exif_of(data))
    image = Image.open(io.BytesIO(data), formats=("JPEG", "MPO"))
    image.load()
    image.info = {name: image.info[name] for name in ("exif", "xmp", "icc_profile") if name in image.info}
    return image


def _picture(coded: str, size: tuple[int, int], pixels: bytes) -> Image.Image:
    """Return the picture of decoded pixels. If an 8-bit mode has 16-bit samples, keep their upper bytes."""
    mode = _MODES.get(coded)
    if mode is None:
        raise ImageError(Kind.UNSUPPORTED_DEPTH, Stage.DECODE, f"pixels of mode {coded} are not supported")
    if len(pixels) == 2 * size[0] * size[1] * _BYTES_A_PIXEL[mode]:
        pixels = pixels[1::2]
    return Image.frombytes(mode, size, pixels)


def _is_srgb(profile: bytes) -> bool:
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip() in _SRGB
    except (OSError, ImageCms.PyCMSError):
        return False
