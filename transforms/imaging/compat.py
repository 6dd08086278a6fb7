"""Undocumented interfaces of Pillow. No other module of the core uses any of them.

If the installed version lacks one, the functions raise a `PillowVersionError` that names it.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Container, Sequence
from typing import IO, Any, NamedTuple

import PIL
from PIL import (
    BmpImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PsdImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
)

from transforms.imaging.errors import PillowVersionError

# The version with which the tests of this module passed.
_TESTED = "12.3"


class Band(NamedTuple):
    """The encoded pixels of one band: Pillow's decoder for them, their offset in the file, and their raw mode."""

    codec: str
    offset: int
    raw_mode: str


# --- any format


def opener_of(image_format: str) -> tuple[Callable[[IO[bytes], str], object], Callable[[bytes], Any] | None]:
    """Return the class that opens files of a format, and the function that recognizes their first bytes, if any."""
    opener: tuple[Callable[[IO[bytes], str], object], Callable[[bytes], Any] | None] = _get(Image, "OPEN")[image_format]
    return opener


def read_at_once(image: ImageFile.ImageFile, length: int) -> None:
    """Configure the decoder to read the file in chunks of at least `length` bytes."""
    _set(image, "decodermaxblock", max(_get(image, "decodermaxblock"), length))


class DecodedImage(ImageFile.ImageFile):
    """A picture decoded by another library, wrapped as an opened image file. It shares the picture's `info`.

    Args:
        picture: the decoded picture.
        image_format: Pillow's name of the file's format.
    """

    def __init__(self, picture: Image.Image, image_format: str) -> None:
        self._picture = picture
        super().__init__(io.BytesIO(), "")
        self.format = image_format

    def _open(self) -> None:
        _set(self, "_mode", self._picture.mode)
        _set(self, "_size", self._picture.size)
        self.im, self.info = self._picture.im, self._picture.info
        self.tile = []


def raw_mode_of(image: ImageFile.ImageFile) -> str:
    """Return the raw mode of an opened, not yet decoded image's stored pixels; "" if its decoder has none."""
    return next((tile.args for tile in _get(image, "tile") if isinstance(tile.args, str)), "")


def python_codec(image: ImageFile.ImageFile) -> str:
    """Return the name of the decoder of an opened, not yet decoded image if it is written in Python, else ""."""
    codecs = [tile.codec_name for tile in _get(image, "tile")]
    return next((codec for codec in codecs if codec in _get(Image, "DECODERS")), "")


def core_library() -> str:
    """Return the path of Pillow's C extension."""
    try:
        path = importlib.import_module("PIL._imaging").__file__
    except ModuleNotFoundError as error:
        raise _dropped("PIL._imaging") from error
    if path is None:
        raise _dropped("PIL._imaging.__file__")
    return path


# --- TIFF


def tiff_compression(image: TiffImagePlugin.TiffImageFile) -> str:
    """Return Pillow's name of the compression of an opened TIFF."""
    return str(_get(image, "_compression"))


def tiff_compressions() -> Container[int]:
    """Return the values of the Compression tag that Pillow decodes."""
    compressions: Container[int] = _get(TiffImagePlugin, "COMPRESSION_INFO")
    return compressions


def decode_tiff_by_libtiff(image: TiffImagePlugin.TiffImageFile, raw_mode: str) -> None:
    """Configure an opened, uncompressed TIFF to be decoded by libtiff. By default, Pillow decodes it itself."""
    args = (raw_mode, "raw", False, _get(image.tag_v2, "offset"))
    _set(image, "tile", [_get(ImageFile, "_Tile")("libtiff", (0, 0, *_get(image, "_tile_size")), 0, args)])
    _set(image, "use_load_libtiff", True)


def keep_tiff_as_stored(image: TiffImagePlugin.TiffImageFile) -> None:
    """Set the size of an opened TIFF, whose orientation tag was removed, to that of its stored pixels."""
    _set(image, "_size", _get(image, "_tile_size"))


# --- Photoshop


def psd_modes() -> Container[tuple[int, int]]:
    """Return the pairs (color mode, bits per channel) of Photoshop files that Pillow decodes."""
    modes: Container[tuple[int, int]] = _get(PsdImagePlugin, "MODES")
    return modes


def psd_resources(image: PsdImagePlugin.PsdImageFile) -> dict[int, bytes]:
    """Return the image resources of a Photoshop file, by their IDs."""
    return {number: body for number, _, body in _get(image, "resources")}


def decode_bands(image: ImageFile.ImageFile, mode: str, bands: Sequence[Band]) -> None:
    """Configure an opened image to be decoded band by band into `mode`."""
    tile = _get(ImageFile, "_Tile")
    _set(image, "_mode", mode)
    _set(image, "tile", [tile(band.codec, (0, 0, *image.size), band.offset, band.raw_mode) for band in bands])


# --- other formats


def jpeg_sampling(image: JpegImagePlugin.JpegImageFile) -> list[tuple[int, int]]:
    """Return the sampling factors (horizontal, vertical) of each component of a JPEG."""
    return [(across, down) for _, across, down, _ in _get(image, "layer")]


def allow_transparent_palette(image: TgaImagePlugin.TgaImageFile) -> None:
    """Allow a TGA with 32-bit palette entries to be decoded. Pillow rejects it by default."""
    if image.palette is not None and _get(image.palette, "rawmode") == "BGRA":
        _set(image.palette, "mode", "RGBA")


def icon_frame(icon: IcoImagePlugin.IcoImageFile) -> tuple[bytes, int]:
    """Return the bytes of the picture that Pillow selects from an icon, and its bits per pixel in the directory."""
    directory = _get(icon, "ico")
    entry, file = _get(directory, "entry")[0], _get(directory, "buf")
    file.seek(_get(entry, "offset"))
    return file.read(_get(entry, "size")), _get(entry, "bpp")


def bitmap_layout(bitmap: BmpImagePlugin.DibImageFile) -> tuple[int, int]:
    """Return the offset of an opened BMP's pixels, and the order of its rows: 1 for top-down, -1 for bottom-up."""
    tile = _get(bitmap, "tile")[0]
    return tile.offset, tile.args[-1] if isinstance(tile.args, tuple) else -1


def _get(owner: object, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        raise _dropped(f"{getattr(owner, '__name__', type(owner).__name__)}.{name}") from error


def _set(owner: object, name: str, value: object) -> None:
    """Set an attribute that exists. Setting one that Pillow does not read would have no effect."""
    _get(owner, name)
    setattr(owner, name, value)


def _dropped(name: str) -> PillowVersionError:
    return PillowVersionError(f"Pillow {PIL.__version__} no longer has {name}: install Pillow {_TESTED}, which has it")
