"""Alpha channels that mean nothing: where a format says so, or by custom where all of it is 0."""

from __future__ import annotations

import struct

from PIL import IcoImagePlugin, Image, ImageFile, TgaImagePlugin

from transforms.imaging import ico, png, psd

# The end of a TGA of version 2, and where its extension area says what its alpha is:
# https://www.dca.fee.unicamp.br/~martino/disciplinas/ea978/tgaffs.pdf
_TGA_SIGNATURE = b"TRUEVISION-XFILE.\0"
_TGA_FOOTER, _TGA_ALPHA_TYPE = 26, 494
_MEANINGFUL = (3, 4)  # as it is, and multiplied into the colours


def prepare(image: TgaImagePlugin.TgaImageFile) -> None:
    """Sets a TGA with a palette of 32 bits an entry to be decoded, which Pillow refuses."""
    if image.palette is not None and image.palette.rawmode == "BGRA":
        image.palette.mode = "RGBA"


def settled(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """A decoded image of the file, opaque where its alpha means nothing.

    - TGA: the extension area says that there is no alpha, or, without one, the alpha is 0 everywhere.
    - BMP: the alpha is 0 everywhere.
    - ICO: where the alpha of 32 bits a pixel is 0 everywhere, the icon's mask stands for it.
    """
    if not image.has_transparency_data:
        return image
    if image.format == "PSD" and psd.is_gray(data):
        return psd.gray_again(image)
    if image.format == "TGA":
        kind = tga_alpha_type(data)
        meaningless = kind not in _MEANINGFUL if kind is not None else is_transparent(image)
        return _opaque(image) if meaningless else image
    if image.format in ("BMP", "DIB") and is_transparent(image):
        return _opaque(image)
    if isinstance(image, IcoImagePlugin.IcoImageFile) and is_transparent(image):
        return _masked(image)
    return image


def is_transparent(image: Image.Image) -> bool:
    """Whether an image with alpha is fully transparent."""
    whole = image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
    corner = whole.getpixel((0, 0))
    assert isinstance(corner, tuple)  # of the bands
    # The corner alone answers for most images.
    return corner[-1] == 0 and whole.getchannel("A").getextrema() == (0, 0)


def tga_alpha_type(data: bytes) -> int | None:
    """The attributes type of a TGA, 0 to 4 by the specification; None without an extension area."""
    if not data.endswith(_TGA_SIGNATURE):
        return None
    start = int(struct.unpack_from("<I", data, len(data) - _TGA_FOOTER)[0])
    place = start + _TGA_ALPHA_TYPE
    return data[place] if start and place < len(data) - _TGA_FOOTER else None


def _opaque(image: Image.Image) -> Image.Image:
    """The image without its alpha. Entries of a palette stay what they are: they may be labels."""
    if image.mode != "P":
        return image.convert("L" if image.mode == "LA" else "RGB")
    image.putpalette(image.getpalette("RGB") or b"", "RGB")
    return image


def _masked(icon: IcoImagePlugin.IcoImageFile) -> Image.Image:
    """An icon whose alpha is 0 everywhere, by its mask; opaque if it has none."""
    if icon.ico.entry[0].bpp != 32 or ico.frame(icon).startswith(png.SIGNATURE):
        return icon  # its mask was applied, or it needs none
    masked = icon.convert("RGB")
    if mask := ico.mask(icon):
        masked.putalpha(mask)
    return masked
