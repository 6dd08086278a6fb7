"""From the pixels that a file holds to those of its outputs: depth, transparency and colour."""

from __future__ import annotations

import functools
import io
from typing import NamedTuple

from PIL import Image, ImageCms, ImageColor

from transforms.imaging import alpha, cicp, depth
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.geometry import Size
from transforms.imaging.spec import ResizeSpec

# What "keep" leaves as it is: labels of masks live in these.
_KEPT_MODES = frozenset({"1", "L", "P", "I;16"})

_GRAY_MODES = frozenset({"1", "L", "LA", "La"}) | depth.DEEP_MODES
# Modes that are resized and converted by a profile as they are, and the profiles' names of them.
_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK", "LAB": "Lab "}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


class Working(NamedTuple):
    """Decoded pixels in the mode that they are resized in.

    `to_srgb` is what turns them into sRGB afterwards; None where their numbers stay.
    """

    pixels: Image.Image
    to_srgb: ImageCms.ImageCmsTransform | None = None
    notes: tuple[Note, ...] = ()


def prepare(image: Image.Image, spec: ResizeSpec) -> Working:
    """Brings a decoded image into the mode that it is resized in.

    Pixels deeper than 8 bits become gray (see `depth.to_gray`), transparent ones are laid on the background.

    Raises:
        ImageError: a pixel type without a rule.
    """
    if spec.mode == "keep" and (kept := _kept(image)):
        return Working(kept)
    pixels, notes = image, []
    if depth.is_deep(image):
        pixels, clipped = depth.to_gray(image, spec.depth_range)
        notes += [Note.FLOAT_CLIPPED] if clipped else []
    elif image.has_transparency_data:
        pixels, hidden = _on_background(image, spec.background)
        notes += [Note.FULLY_TRANSPARENT] if hidden else []
    space, profile = image.info.get("cicp"), image.info.get("icc_profile")
    is_srgb = space.is_srgb if space else profile is None
    if spec.color != "srgb" or is_srgb:
        return Working(_plain(pixels, spec), None, tuple(notes))
    own = _own_space(pixels, image.mode in _GRAY_MODES, spec)
    try:
        used = cicp.profile(space, gray=own.mode == "L") if space else profile
        return Working(own, _to_srgb(used, own.mode), tuple(notes))
    # Every Exception: of a broken profile Pillow raises PyCMSError, OSError, ValueError, ...
    except Exception:
        return Working(_plain(pixels, spec), None, (*notes, Note.CICP_UNUSABLE if space else Note.ICC_UNUSABLE))


def finish(picture: Image.Image, working: Working, spec: ResizeSpec) -> Image.Image:
    """Brings a resized picture into the mode of its output."""
    if working.to_srgb is not None:
        picture = working.to_srgb.apply(picture)
        del picture.info["icc_profile"]  # that of sRGB; no output has one
    if spec.mode == "keep" and picture.mode in _KEPT_MODES:
        return picture
    mode = "L" if spec.mode == "L" else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _on_background(image: Image.Image, background: str) -> tuple[Image.Image, bool]:
    """A transparent image on a colour, in mode RGB, and whether nothing but the colour is to be seen."""
    if image.mode == "La":
        image = image.convert("LA")
    canvas = Image.new("RGBA", image.size, background)
    picture = image if image.mode == "RGBA" else image.convert("RGBA")
    canvas.alpha_composite(picture)
    return canvas.convert("RGB"), alpha.is_transparent(picture)


def canvas(picture: Image.Image, size: Size, fill: str) -> Image.Image:
    """An image of a picture's kind, filled with a colour: in masks with its gray level, which is a label there."""
    if picture.mode not in ("P", "I;16"):
        return Image.new(picture.mode, size, fill)
    empty = Image.new(picture.mode, size, ImageColor.getcolor(fill, "L"))
    empty.info = picture.info
    if picture.mode == "P":
        colors = picture.getpalette() or []
        empty.putpalette(colors + [0] * (768 - len(colors)))
    return empty


def _plain(pixels: Image.Image, spec: ResizeSpec) -> Image.Image:
    """Gray pixels stay gray until they are resized, which is three times the speed; all else becomes the output's."""
    if pixels.mode == "LAB":  # which Pillow converts to RGB only
        pixels = pixels.convert("RGB")
    mode = "L" if spec.mode == "L" or pixels.mode in ("1", "L") else "RGB"
    return pixels if pixels.mode == mode else pixels.convert(mode)


def _own_space(pixels: Image.Image, gray: bool, spec: ResizeSpec) -> Image.Image:
    """The pixels in the mode that their profile speaks of."""
    if gray and pixels.mode != "L" and _is_gray(spec.background):
        return pixels.convert("L")
    return pixels if pixels.mode in _SPACES else pixels.convert("RGB")


def _is_gray(color: str) -> bool:
    return color[1:3] == color[3:5] == color[5:7]


@functools.lru_cache(maxsize=64)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """What turns pixels of a mode from a profile's space into sRGB. Most images of a set share one."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if source.profile.xcolor_space != _SPACES[mode]:
        raise ValueError(f"a profile of {source.profile.xcolor_space!r} on pixels of mode {mode}")
    return ImageCms.ImageCmsTransform(source, _SRGB, mode, "RGB")


def _kept(image: Image.Image) -> Image.Image | None:
    """The image as "keep" has it; None where it is no mask.

    Raises:
        ImageError: its values are not those of 16 unsigned bits.
    """
    if not depth.is_deep(image):
        return image if image.mode in _KEPT_MODES else None
    black, white = depth.full_range(image)
    if black != 0 or white > 65_535 or image.mode == "F":
        message = f"values from {black:g} to {white:g} cannot be kept: a png image holds 0 to 65535"
        raise ImageError(Kind.UNSUPPORTED_DEPTH, Stage.DECODE, message)
    return image if image.mode == "I;16" else image.convert("I").convert("I;16")
