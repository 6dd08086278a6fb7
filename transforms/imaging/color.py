"""The pixels of a file -> the pixels of its outputs: depth, transparency and color."""

from __future__ import annotations

import functools
import io
from typing import NamedTuple

from PIL import Image, ImageCms, ImageColor

from transforms.imaging import alpha, cicp, depth
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.geometry import Size
from transforms.imaging.spec import ResizeSpec

# The modes of masks, whose pixels are labels: --mode keep leaves them unchanged.
MASK_MODES = frozenset({"1", "L", "P", "I;16"})

_GRAY_MODES = frozenset({"1", "L", "LA", "La"}) | depth.DEEP_MODES
# Modes that are resized and color-managed as they are -> the names of the color spaces in ICC profiles.
_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK", "LAB": "Lab "}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


class Decoded(NamedTuple):
    """A decoded image, converted to the mode in which it is resized.

    Args:
        pixels: the image.
        to_srgb: the conversion to sRGB to apply after resizing; None to keep the pixel values.
        notes: remarks for the owner of the image.
    """

    pixels: Image.Image
    to_srgb: ImageCms.ImageCmsTransform | None = None
    notes: tuple[Note, ...] = ()


def prepare(image: Image.Image, spec: ResizeSpec) -> Decoded:
    """Convert a decoded image to the mode in which it is resized.

    Convert pixels deeper than 8 bits to gray (see `depth.to_gray`). Composite transparent pixels on the background.

    Raises:
        ImageError: the pixel type is not supported.
    """
    if spec.mode == "keep" and (mask := _as_mask(image)):
        return Decoded(mask)
    pixels, notes = image, []
    if depth.is_deep(image):
        pixels, clipped = depth.to_gray(image, spec.depth_range)
        notes += [Note.FLOAT_CLIPPED] if clipped else []
    elif image.has_transparency_data:
        pixels, invisible = _on_background(image, spec.background)
        notes += [Note.FULLY_TRANSPARENT] if invisible else []
    space, profile = image.info.get("cicp"), image.info.get("icc_profile")
    is_srgb = space.is_srgb if space else profile is None
    if spec.color != "srgb" or is_srgb:
        return Decoded(_plain(pixels, spec), None, tuple(notes))
    convertible = _to_mode_of_profile(pixels, image.mode in _GRAY_MODES, spec)
    try:
        source_profile = cicp.profile(space, gray=convertible.mode == "L") if space else profile
        return Decoded(convertible, _to_srgb(source_profile, convertible.mode), tuple(notes))
    # Every Exception: for a broken profile Pillow raises PyCMSError, OSError, ValueError, ...
    except Exception:
        return Decoded(_plain(pixels, spec), None, (*notes, Note.CICP_UNUSABLE if space else Note.ICC_UNUSABLE))


def finish(picture: Image.Image, decoded: Decoded, spec: ResizeSpec) -> Image.Image:
    """Convert a resized picture to the mode of its output."""
    if decoded.to_srgb is not None:
        picture = decoded.to_srgb.apply(picture)
        del picture.info["icc_profile"]  # that of sRGB; no output has a profile
    if spec.mode == "keep" and picture.mode in MASK_MODES:
        return picture
    mode = "L" if spec.mode == "L" else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _on_background(image: Image.Image, background: str) -> tuple[Image.Image, bool]:
    """Composite a transparent image on a color. Return the RGB image, and whether only the color is visible."""
    if image.mode == "La":
        image = image.convert("LA")
    canvas = Image.new("RGBA", image.size, background)
    picture = image if image.mode == "RGBA" else image.convert("RGBA")
    canvas.alpha_composite(picture)
    return canvas.convert("RGB"), alpha.is_fully_transparent(picture)


def canvas(picture: Image.Image, size: Size, fill: str) -> Image.Image:
    """Return an image in the mode of `picture`, filled with a color. Fill masks with its gray level, as a label."""
    if picture.mode not in ("P", "I;16"):
        return Image.new(picture.mode, size, fill)
    empty = Image.new(picture.mode, size, ImageColor.getcolor(fill, "L"))
    empty.info = picture.info
    if picture.mode == "P":
        colors = picture.getpalette() or []
        empty.putpalette(colors + [0] * (768 - len(colors)))
    return empty


def _plain(pixels: Image.Image, spec: ResizeSpec) -> Image.Image:
    """Convert pixels to the output's mode, but keep gray as gray: resizing it is three times as fast."""
    if pixels.mode == "LAB":  # Pillow converts it to RGB only, and adds a profile that contains the current time
        pixels = pixels.convert("RGB")
        pixels.info.pop("icc_profile", None)
    mode = "L" if spec.mode == "L" or pixels.mode in ("1", "L") else "RGB"
    return pixels if pixels.mode == mode else pixels.convert(mode)


def _to_mode_of_profile(pixels: Image.Image, gray: bool, spec: ResizeSpec) -> Image.Image:
    """Convert pixels to the mode that their profile describes."""
    if gray and pixels.mode != "L" and _is_gray(spec.background):
        return pixels.convert("L")
    return pixels if pixels.mode in _SPACES else pixels.convert("RGB")


def _is_gray(color: str) -> bool:
    return color[1:3] == color[3:5] == color[5:7]


@functools.lru_cache(maxsize=64)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Return the conversion from a profile's color space to sRGB. Cache it: most images of a dataset share one."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if source.profile.xcolor_space != _SPACES[mode]:
        raise ValueError(f"a profile for {source.profile.xcolor_space!r} on pixels of mode {mode}")
    return ImageCms.ImageCmsTransform(source, _SRGB, mode, "RGB")


def _as_mask(image: Image.Image) -> Image.Image | None:
    """Return the image in a mode that --mode keep can write; None if it is not a mask.

    Raises:
        ImageError: its values do not fit into unsigned 16-bit integers.
    """
    if not depth.is_deep(image):
        return image if image.mode in MASK_MODES else None
    black, white = depth.full_range(image)
    if black != 0 or white > 65_535 or image.mode == "F":
        message = f"values from {black:g} to {white:g} cannot be kept: a png image holds 0 to 65535"
        raise ImageError(Kind.UNSUPPORTED_DEPTH, Stage.DECODE, message)
    return image if image.mode == "I;16" else image.convert("I").convert("I;16")
