"""JPEG XL, which the extra `jxl` reads.

The decoder decodes a file as soon as it is opened. So `read_size` reads the dimensions before, without the decoder.

A file that was made from a JPEG gives that JPEG, whose EXIF has the orientation. In any other file the decoder turns
the picture by the codestream, which overrides EXIF (ISO/IEC 18181-2, 9.5).
"""

from __future__ import annotations

import io

from PIL import Image, ImageCms, ImageFile

from transforms.imaging import extras, hostile, jpeg
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.isobmff import boxes

FORMAT = "JXL"
_CODESTREAM, _CONTAINER = b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"
# The width is this many times the height, by the three bits that say so.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_BITS_OF_SIDE = (9, 13, 18, 30)
# What libjxl calls the profiles that it makes for sRGB; the file has none of them.
_SRGB = ("sRGB", "Gra_D65_Rel_SRG")
# The decoder's modes -> Pillow's.
_MODES = {"L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "I;16": "I;16", "F": "F", "F;16": "F"}
_BYTES_A_PIXEL = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I;16": 2, "F": 4}


def accepts(data: bytes) -> bool:
    """Return whether a file is a JPEG XL, and the extra is installed."""
    return data.startswith((_CODESTREAM, _CONTAINER)) and extras.JXL.is_installed


def read_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) in pixels before the picture is turned; None if the header is cut off.

    The layout is that of ISO/IEC 18181-1, annex D.
    """
    start = _codestream(data)[:24]
    if not start.startswith(_CODESTREAM) or len(start) < 12:
        return None
    bits = _Bits(start[2:])
    is_small = bits.read(1)
    height = bits.side(is_small)
    ratio = bits.read(3)
    if not ratio:
        return bits.side(is_small), height
    numerator, denominator = _RATIOS[ratio]
    return height * numerator // denominator, height


def _codestream(data: bytes) -> bytes:
    """Return the codestream of a file, or its first part."""
    if not data.startswith(_CONTAINER):
        return data
    whole = next(boxes(data, b"jxlc"), None)
    return next(boxes(data, b"jxlp"), b"")[4:] if whole is None else whole  # without the number of the part


class _Bits:
    """Reads whole numbers from bits, the lowest bit first."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")

    def read(self, count: int) -> int:
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        return value

    def side(self, is_small: int) -> int:
        """Read a width or height."""
        return (self.read(5) + 1) * 8 if is_small else self.read(_BITS_OF_SIDE[self.read(2)]) + 1


class JxlImageFile(ImageFile.ImageFile):
    """A JPEG XL, decoded. Of an animation it is the first frame."""

    format = FORMAT
    format_description = "JPEG XL"

    def _open(self) -> None:
        assert self.fp is not None
        try:
            is_jpeg, info, pixels, profile, _ = extras.load(extras.JXL).Decoder(num_threads=0)(self.fp.read())
        except RuntimeError as error:  # its text names no reason
            message = "the pixels cannot be decoded: the file is damaged or ends early"
            raise ImageError(Kind.DAMAGED, Stage.DECODE, message) from error
        picture = _jpeg(pixels) if is_jpeg else _picture(info.mode, (info.width, info.height), pixels)
        self._size, self._mode, self.im = picture.size, picture.mode, picture.im
        self.info = {name: picture.info[name] for name in ("exif", "xmp", "icc_profile") if name in picture.info}
        if not is_jpeg and profile and not _is_srgb(profile):
            self.info["icc_profile"] = profile
        self.tile = []


def _jpeg(data: bytes) -> Image.Image:
    hostile.check_exif(jpeg.exif_of(data))
    image = Image.open(io.BytesIO(data), formats=("JPEG", "MPO"))
    image.load()
    return image


def _picture(coded: str, size: tuple[int, int], pixels: bytes) -> Image.Image:
    """Return the picture of decoded pixels; of samples of 16 bits in a mode of 8 bits it takes the upper half."""
    mode = _MODES.get(coded)
    if mode is None:
        raise ImageError(Kind.UNSUPPORTED_DEPTH, Stage.DECODE, f"pixels of the mode {coded} are not supported")
    if len(pixels) == 2 * size[0] * size[1] * _BYTES_A_PIXEL[mode]:
        pixels = pixels[1::2]
    return Image.frombytes(mode, size, pixels)


def _is_srgb(profile: bytes) -> bool:
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip() in _SRGB
    except (OSError, ImageCms.PyCMSError):
        return False


def open_image(data: bytes) -> ImageFile.ImageFile:
    """Open and decode a JPEG XL.

    Raises:
        ImageError: it is damaged, or there is no rule for its pixel type.
    """
    return JxlImageFile(io.BytesIO(data), "")
