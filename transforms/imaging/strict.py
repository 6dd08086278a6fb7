"""Detection of damage to JPEGs that libjpeg only warns about and Pillow ignores, by the extra `check`."""

from __future__ import annotations

import functools
from typing import Any

from transforms.imaging import jpeg
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.spec import ResizeSpec, SettingError


def check_extra(spec: ResizeSpec) -> None:
    """Check that the extra `check` is installed if the spec requires it.

    Raises:
        SettingError: the spec requires the extra, and it is not installed.
    """
    if not spec.check_jpeg:
        return
    try:
        _module()
    except ImportError as error:
        raise SettingError(
            "check_jpeg",
            "needs an extra that is not installed: pip install 'downsampled-open-images[check]' "
            "(in a checkout: .venv/bin/pip install -e '.[check]')",
        ) from error


@functools.cache
def _module() -> Any:
    import simplejpeg  # imported here because it is optional

    return simplejpeg


def check(data: bytes) -> bool:
    """Check all coded data of a JPEG, and return whether this was possible.

    Decoding as gray at an eighth of the size takes little more time than reading the data, and finds the same damage
    as full decoding. It cannot find damage that leaves the codes valid, such as some flipped bits or a missing scan.

    Returns:
        True if the data was checked; False for lossless JPEGs and rare subsamplings that this decoder does not
        support.

    Raises:
        ImageError: the decoder issued a warning, or the header is invalid.
    """
    if jpeg.read_frame(data) is None:
        message = "stray bytes, an unknown marker or a second frame header before the first scan"
        raise ImageError(Kind.DAMAGED, Stage.DECODE, f"--check_jpeg: {message}")
    if not jpeg.may_be_scaled(data):
        return False
    try:
        _module().decode_jpeg(data, "GRAY", min_height=1, min_width=1, strict=True)
    except ValueError as error:
        if "subsampling" in str(error):
            return False
        raise ImageError(Kind.DAMAGED, Stage.DECODE, f"--check_jpeg: {error}") from error
    return True
