"""Removal of meaningless alpha channels: the file declares them unused, or the alpha is 0 everywhere."""

from __future__ import annotations

import struct

from PIL import IcoImagePlugin, Image, ImageFile

from transforms.imaging import compat, ico, png, psd

# The footer of a TGA 2.0 file, and the offset of the attributes type (the type of the alpha) in its extension area:
# https://www.dca.fee.unicamp.br/~martino/disciplinas/ea978/tgaffs.pdf
_TGA_SIGNATURE = b"TRUEVISION-XFILE.\0"
_TGA_FOOTER, _TGA_ALPHA_TYPE = 26, 494
_MEANINGFUL = (3, 4)  # straight and premultiplied


def without_meaningless_alpha(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """Return a decoded image; make it opaque if its alpha has no meaning.

    The alpha has no meaning in these cases:

    - TGA: the extension area declares no alpha, or there is no extension area and the alpha is 0 everywhere.
    - BMP: the alpha is 0 everywhere.
    - ICO: the alpha of a 32-bit picture is 0 everywhere. The icon's mask replaces it.
    """
    if not image.has_transparency_data:
        return image
    if image.format == "PSD" and psd.is_gray(data):
        return psd.rgba_to_gray(image)
    if image.format == "TGA":
        kind = tga_alpha_type(data)
        meaningless = kind not in _MEANINGFUL if kind is not None else is_fully_transparent(image)
        return _opaque(image) if meaningless else image
    if image.format in ("BMP", "DIB") and is_fully_transparent(image):
        return _opaque(image)
    if isinstance(image, IcoImagePlugin.IcoImageFile) and is_fully_transparent(image):
        return _with_mask(image)
    return image


def is_fully_transparent(image: Image.Image) -> bool:
    """Return whether an image with alpha is transparent everywhere."""
    with_alpha = image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
    corner = with_alpha.getpixel((0, 0))
    assert isinstance(corner, tuple)  # one value for each band
    # For most images, the corner pixel rules it out.
    return corner[-1] == 0 and with_alpha.getchannel("A").getextrema() == (0, 0)


def tga_alpha_type(data: bytes) -> int | None:
    """Return the attributes type of a TGA (0 to 4 in the specification); None if it has no extension area."""
    if not data.endswith(_TGA_SIGNATURE):
        return None
    start = int(struct.unpack_from("<I", data, len(data) - _TGA_FOOTER)[0])
    offset = start + _TGA_ALPHA_TYPE
    return data[offset] if start and offset < len(data) - _TGA_FOOTER else None


def _opaque(image: Image.Image) -> Image.Image:
    """Return the image without its alpha. Keep palette indices unchanged: they may be labels."""
    if image.mode != "P":
        return image.convert("L" if image.mode == "LA" else "RGB")
    image.putpalette(image.getpalette("RGB") or b"", "RGB")
    return image


def _with_mask(icon: IcoImagePlugin.IcoImageFile) -> Image.Image:
    """Replace the alpha of an icon, which is 0 everywhere, by its mask; make it opaque if it has no mask."""
    frame, bits = compat.icon_frame(icon)
    if bits != 32 or frame.startswith(png.SIGNATURE):
        return icon  # Pillow has applied its mask, or it needs none
    masked = icon.convert("RGB")
    if mask := ico.mask(icon):
        masked.putalpha(mask)
    return masked
