"""An image in memory -> the bytes of a file."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.geometry import Target
from transforms.imaging.header import ImageHeader
from transforms.imaging.pillow_errors import image_errors
from transforms.imaging.spec import ENCODING_SETTINGS, FORMATS, LONGEST_SIDE, ResizeSpec

# Pillow's name of a source's format -> the extension of the same format. An MPO is a JPEG followed by more pictures.
KEPT_EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}


def output_extension(header: ImageHeader, spec: ResizeSpec) -> str:
    """Return the extension of an image's outputs: the spec's, or if it is "", that of the source's own format.

    Raises:
        ImageError: the spec's extension is "", and the source's format cannot be written.
    """
    extension = spec.extension or KEPT_EXTENSIONS.get(header.format)
    if extension is None:
        raise ImageError(
            Kind.UNSUPPORTED_FORMAT,
            Stage.ENCODE,
            f"{header.format} can be read but not written: use -ext jpg, or another of {', '.join(FORMATS)}",
        )
    return extension


def check_dimensions(target: Target, extension: str, max_pixels: int) -> None:
    """Check that an output fits its format and the limit of pixels.

    Raises:
        ImageError: a side is longer than the format allows, or there are more than `max_pixels` pixels.
    """
    limit = LONGEST_SIDE[extension]
    problem = None
    if max(target.dimensions) > limit:
        problem = f"a {extension} image can have at most {limit} pixels per side"
    elif target.width * target.height > max_pixels:
        problem = f"more than --max_pixels {max_pixels}"
    if problem:
        message = f"{target.width} x {target.height} pixels: {problem}"
        raise ImageError(Kind.OUTPUT_TOO_LARGE, Stage.RESIZE, message)


def encode(image: Image.Image, extension: str, spec: ResizeSpec) -> bytes:
    """Encode an image and return the bytes of the file. Write no metadata, except what Pillow copies with `exact`.

    Raises:
        ImageError: the encoder rejects the image.
    """
    body = io.BytesIO()
    with image_errors(Stage.ENCODE):
        image.info = _info(image, spec)
        image.save(body, FORMATS[extension], **_parameters(extension, spec))
    return body.getvalue()


def _info(image: Image.Image, spec: ResizeSpec) -> dict[str | tuple[int, int], Any]:
    """Return the metadata that Pillow may write: with `exact` all of it, else only the transparency of masks."""
    dropped = {"icc_profile"} if spec.color == "srgb" else set()
    kept = set(image.info) if spec.exact else {"transparency"} if spec.mode == "keep" else set()
    return {name: value for name, value in image.info.items() if name in kept - dropped}


def _parameters(extension: str, spec: ResizeSpec) -> dict[str, Any]:
    settings = {name: getattr(spec, name) for name, extensions in ENCODING_SETTINGS.items() if extension in extensions}
    parameters = {name: value for name, value in settings.items() if value}
    if extension == "avif":
        parameters["max_threads"] = 1  # the tiles, and thus the bytes, depend on the number of threads
    return parameters
