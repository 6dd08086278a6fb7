"""What Pillow's plugins take wrongly of a format, set right between opening an image and decoding it."""

from __future__ import annotations

from PIL import ImageFile, PngImagePlugin, PsdImagePlugin, TgaImagePlugin, TiffImagePlugin

from transforms.imaging import alpha, png, psd, tiff
from transforms.imaging.errors import Note


def prepare(image: ImageFile.ImageFile, data: bytes) -> tuple[Note, ...]:
    """Sets an opened image to be decoded as its format says, and names what cannot be.

    Args:
        image: opened, not decoded.
        data: its file.
    """
    ignored = False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tiff.prepare(image, data)
    elif isinstance(image, PsdImagePlugin.PsdImageFile):
        ignored = psd.prepare(image, data)
    elif isinstance(image, TgaImagePlugin.TgaImageFile):
        alpha.prepare(image)
    elif isinstance(image, PngImagePlugin.PngImageFile):
        ignored = png.is_transparency_ignored(image)
    return (Note.TRANSPARENCY_IGNORED,) if ignored else ()
