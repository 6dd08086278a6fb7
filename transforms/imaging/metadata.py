"""The metadata of a file that affects its pixels: orientation and color space."""

from __future__ import annotations

from PIL import ImageFile, PsdImagePlugin, TiffImagePlugin

from transforms.imaging import cicp, compat, heif, orientation, png
from transforms.imaging.errors import Note

# Photoshop's image resources.
_PSD_EXIF, _PSD_XMP = 1058, 1060


def read(image: ImageFile.ImageFile, data: bytes) -> tuple[int, tuple[Note, ...]]:
    """Return the orientation by the rule of the module `orientation`, and notes on what the outputs will lack.

    Add to `image.info` a CICP color space as "cicp" if it determines the colors, and a PNG's ICC profile as
    "icc_profile" if Pillow ignored it. The profile is empty if it cannot be read.

    Args:
        image: an opened image that is not decoded.
        data: the whole file.
    """
    chunks = png.read_metadata(data) if image.format == "PNG" else None
    exif_orientation = _orientation(image, chunks)
    space = _color_space(image, data, chunks)
    notes = [Note.EXIF_ORIENTATION] if exif_orientation > 1 else []
    if image.info.get("icc_profile") is not None:
        notes.append(Note.ICC_PROFILE)
    if space is not None:
        image.info["cicp"] = space
        notes += [] if space.is_srgb else [Note.CICP]
    return exif_orientation, tuple(notes)


def _orientation(image: ImageFile.ImageFile, chunks: png.Metadata | None) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _orientation_of_tiff(image)
    if chunks is not None:
        exif, xmp = chunks.exif, chunks.xmp
    elif isinstance(image, PsdImagePlugin.PsdImageFile):
        resources = compat.psd_resources(image)
        exif, xmp = resources.get(_PSD_EXIF), resources.get(_PSD_XMP)
    else:
        exif, xmp = image.info.get("exif"), image.info.get("xmp")
    return orientation.choose(orientation.from_exif(exif), lambda: orientation.from_xmp(xmp))


def _orientation_of_tiff(image: TiffImagePlugin.TiffImageFile) -> int:
    """Return the orientation from the tag or XMP, and remove it: Pillow would apply it while decoding."""
    tag = orientation.valid(image.tag_v2.get(orientation.TAG))
    try:
        exif = image.getexif()  # includes the orientation from XMP if there is no tag
    except Exception:  # a broken EXIF block must not make the image fail
        return orientation.choose(tag, lambda: None)
    if orientation.TAG in exif:
        del exif[orientation.TAG]
    compat.keep_tiff_as_stored(image)
    return orientation.choose(tag, lambda: orientation.from_xmp(image.info.get("xmp")))


def _color_space(image: ImageFile.ImageFile, data: bytes, chunks: png.Metadata | None) -> cicp.Cicp | None:
    """Return the CICP color space if it determines the colors. In an AVIF or HEIF, an ICC profile takes precedence."""
    if image.format == "AVIF":
        return None if image.info.get("icc_profile") else cicp.from_avif(data)
    if image.format == heif.FORMAT:
        return None if image.info.get("icc_profile") else heif.color_space(image)
    if chunks is None:
        return None
    if not image.info.get("icc_profile") and (profile := png.read_profile(data)) is not None:
        image.info["icc_profile"] = profile
    space = cicp.from_png(chunks.cicp)
    has_profile = bool(image.info.get("icc_profile"))
    return space if space and (space.is_known or not has_profile) else None
