"""What a file says beside its pixels: which way up they are, and in which colours."""

from __future__ import annotations

from PIL import ImageFile, PsdImagePlugin, TiffImagePlugin

from transforms.imaging import cicp, orientation, png
from transforms.imaging.errors import Note

# Photoshop's image resources.
_PSD_EXIF, _PSD_XMP = 1058, 1060


def read(image: ImageFile.ImageFile, data: bytes) -> tuple[int, tuple[Note, ...]]:
    """The orientation by the rule of `orientation`, and notes of what an output does not have as such.

    A colour space by numbers is added to `image.info` as "cicp" where it decides the colours, and a PNG's profile
    as "icc_profile" where Pillow left it out: empty if it cannot be read.

    Args:
        image: opened, not decoded.
        data: its file, whole.
    """
    beside = png.metadata(data) if image.format == "PNG" else None
    turned = _orientation(image, beside)
    space = _color_space(image, data, beside)
    notes = [Note.EXIF_ORIENTATION] if turned > 1 else []
    if image.info.get("icc_profile") is not None:
        notes.append(Note.ICC_PROFILE)
    if space is not None:
        image.info["cicp"] = space
        notes += [] if space.is_srgb else [Note.CICP]
    return turned, tuple(notes)


def _orientation(image: ImageFile.ImageFile, beside: png.Metadata | None) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _orientation_of_tiff(image)
    if beside is not None:
        exif, xmp = beside.exif, beside.xmp
    elif isinstance(image, PsdImagePlugin.PsdImageFile):
        resources = {number: body for number, _, body in image.resources}
        exif, xmp = resources.get(_PSD_EXIF), resources.get(_PSD_XMP)
    else:
        exif, xmp = image.info.get("exif"), image.info.get("xmp")
    return orientation.combined(orientation.from_exif(exif), lambda: orientation.from_xmp(xmp))


def _orientation_of_tiff(image: TiffImagePlugin.TiffImageFile) -> int:
    """The tag's, or that of XMP. It is taken away: Pillow would turn the image by it while it decodes."""
    tag = orientation.valid(image.tag_v2.get(orientation.TAG))
    try:
        exif = image.getexif()  # which holds XMP's, where there is no tag
    except Exception:  # a broken EXIF block is no reason to lose the image
        return orientation.combined(tag, lambda: None)
    if orientation.TAG in exif:
        del exif[orientation.TAG]
    image._size = image._tile_size  # as the pixels are stored; there is no public way
    return orientation.combined(tag, lambda: orientation.from_xmp(image.info.get("xmp")))


def _color_space(image: ImageFile.ImageFile, data: bytes, beside: png.Metadata | None) -> cicp.Cicp | None:
    """The colour space that stands beside a PNG's profile, or instead of it; in an AVIF a profile decides."""
    if image.format == "AVIF":
        return None if image.info.get("icc_profile") else cicp.from_avif(data)
    if beside is None:
        return None
    if not image.info.get("icc_profile") and (profile := png.profile(data)) is not None:
        image.info["icc_profile"] = profile
    space = cicp.from_png(beside.cicp)
    has_profile = bool(image.info.get("icc_profile"))
    return space if space and (space.is_known or not has_profile) else None
