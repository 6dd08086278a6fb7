"""Undocumented interfaces of Pillow: no other module of the core uses any.

Each function raises a `PillowVersionError` that names what a new version lacks.
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

# The version that the tests of this module passed with.
_TESTED = "12.3"


class Band(NamedTuple):
    """The coded pixels of one band: Pillow's decoder of them, where they begin in the file, and their raw mode."""

    codec: str
    offset: int
    raw_mode: str


# --- any format


def opener_of(image_format: str) -> tuple[Callable[[IO[bytes], str], object], Callable[[bytes], Any] | None]:
    """Return the class that opens files of a format, and the function that recognises their first bytes, if any."""
    opener: tuple[Callable[[IO[bytes], str], object], Callable[[bytes], Any] | None] = _get(Image, "OPEN")[image_format]
    return opener


def read_at_once(image: ImageFile.ImageFile, length: int) -> None:
    """Configure the decoder to read the file in pieces of at least `length` bytes."""
    _set(image, "decodermaxblock", max(_get(image, "decodermaxblock"), length))


class DecodedImage(ImageFile.ImageFile):
    """A picture that another library has decoded, as an opened file. It has the picture's `info`.

    Args:
        picture: in memory.
        image_format: the name of the file's format.
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
    """Return the raw mode in which an image that is not decoded stores its pixels; "" if its decoder has none."""
    return next((tile.args for tile in _get(image, "tile") if isinstance(tile.args, str)), "")


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
    """Return the values of the tag Compression that Pillow decodes."""
    compressions: Container[int] = _get(TiffImagePlugin, "COMPRESSION_INFO")
    return compressions


def decode_tiff_by_libtiff(image: TiffImagePlugin.TiffImageFile, raw_mode: str) -> None:
    """Configure an opened, uncompressed TIFF to decode through libtiff; Pillow decodes it itself otherwise."""
    args = (raw_mode, "raw", False, _get(image.tag_v2, "offset"))
    _set(image, "tile", [_get(ImageFile, "_Tile")("libtiff", (0, 0, *_get(image, "_tile_size")), 0, args)])
    _set(image, "use_load_libtiff", True)


def keep_tiff_as_stored(image: TiffImagePlugin.TiffImageFile) -> None:
    """Give an opened TIFF, whose orientation tag was removed, the dimensions of its stored pixels."""
    _set(image, "_size", _get(image, "_tile_size"))


# --- Photoshop


def psd_modes() -> Container[tuple[int, int]]:
    """Return the pairs (colour mode, bits a channel) of Photoshop files that Pillow decodes."""
    modes: Container[tuple[int, int]] = _get(PsdImagePlugin, "MODES")
    return modes


def psd_resources(image: PsdImagePlugin.PsdImageFile) -> dict[int, bytes]:
    """Return the image resources of a Photoshop file by their numbers."""
    return {number: body for number, _, body in _get(image, "resources")}


def decode_bands(image: ImageFile.ImageFile, mode: str, bands: Sequence[Band]) -> None:
    """Configure an opened image to decode band by band, into a mode."""
    tile = _get(ImageFile, "_Tile")
    _set(image, "_mode", mode)
    _set(image, "tile", [tile(band.codec, (0, 0, *image.size), band.offset, band.raw_mode) for band in bands])


# --- other formats


def jpeg_sampling(image: JpegImagePlugin.JpegImageFile) -> list[tuple[int, int]]:
    """Return how many samples each component of a JPEG has in a block, across and down."""
    return [(across, down) for _, across, down, _ in _get(image, "layer")]


def allow_transparent_palette(image: TgaImagePlugin.TgaImageFile) -> None:
    """Configure a TGA to decode although its palette has 32 bits an entry; Pillow refuses it otherwise."""
    if image.palette is not None and _get(image.palette, "rawmode") == "BGRA":
        _set(image.palette, "mode", "RGBA")


def icon_frame(icon: IcoImagePlugin.IcoImageFile) -> tuple[bytes, int]:
    """Return the picture that Pillow takes from an icon, and its bits a pixel by the icon's directory."""
    directory = _get(icon, "ico")
    entry, file = _get(directory, "entry")[0], _get(directory, "buf")
    file.seek(_get(entry, "offset"))
    return file.read(_get(entry, "size")), _get(entry, "bpp")


def bitmap_layout(bitmap: BmpImagePlugin.DibImageFile) -> tuple[int, int]:
    """Return where the pixels of an opened BMP begin, and whether its rows go down (1) or up (-1)."""
    tile = _get(bitmap, "tile")[0]
    return tile.offset, tile.args[-1] if isinstance(tile.args, tuple) else -1


def _get(owner: object, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        raise _dropped(f"{getattr(owner, '__name__', type(owner).__name__)}.{name}") from error


def _set(owner: object, name: str, value: object) -> None:
    """Set an attribute that is there already: one that Pillow does not read would have no effect."""
    _get(owner, name)
    setattr(owner, name, value)


def _dropped(name: str) -> PillowVersionError:
    return PillowVersionError(f"Pillow {PIL.__version__} no longer has {name}: install Pillow {_TESTED}, which has it")
