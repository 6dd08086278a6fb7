"""An image in memory -> the bytes of a file."""

from __future__ import annotations

import io

from PIL import Image

from transforms.imaging.decode import Source, failing_as
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.geometry import Target
from transforms.imaging.spec import FORMATS, LONGEST_SIDE, ResizeSpec

# The extension that keeps a source's format. MPO is a JPEG that is followed by further pictures.
KEPT_EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}


def output_extension(source: Source, spec: ResizeSpec) -> str:
    """The extension of an image's outputs: the spec's, or that of the source's own format.

    Raises:
        ImageError: the source's format is none that is written.
    """
    extension = spec.extension or KEPT_EXTENSIONS.get(source.format)
    if extension is None:
        raise ImageError(
            Kind.UNSUPPORTED_FORMAT,
            Stage.ENCODE,
            f"{source.format} can be read but not written: pass -ext jpg, -ext png or -ext webp",
        )
    return extension


def check_dimensions(target: Target, extension: str) -> None:
    """Refuses what the format cannot hold.

    Raises:
        ImageError: a side is longer than the format's limit.
    """
    limit = LONGEST_SIDE[extension]
    if max(target.dimensions) > limit:
        raise ImageError(
            Kind.OUTPUT_TOO_LARGE,
            Stage.RESIZE,
            f"{target.width} x {target.height} pixels: a {extension} image takes {limit} a side at most",
        )


def encode(image: Image.Image, extension: str, spec: ResizeSpec) -> bytes:
    """The file's bytes, without metadata (`exact` leaves what Pillow copies by itself).

    Raises:
        ImageError: the encoder refused the image.
    """
    if not spec.exact:
        image.info = {}
    parameters = {} if spec.quality is None or extension == "png" else {"quality": spec.quality}
    body = io.BytesIO()
    with failing_as(Stage.ENCODE):
        image.save(body, FORMATS[extension], **parameters)
    return body.getvalue()
