"""Damage that the decoder only warns of, and Pillow passes over: found by the extra `check`."""

from __future__ import annotations

import functools
from typing import Any

from transforms.imaging import jpeg
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.spec import SettingError


def check_installed() -> None:
    """Makes sure that the extra is there.

    Raises:
        SettingError: it is not.
    """
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
    import simplejpeg  # optional, hence here

    return simplejpeg


def is_checked(data: bytes) -> bool:
    """Reads all of a JPEG's coded data, and whether it could be.

    At an eighth of the size, and gray, little but reading remains to be done; it finds what a whole decoding
    finds. What still is a valid code is not found: a bit turned over in the right place, or a scan that is missing.

    Returns:
        False for lossless JPEGs, and for rare subsamplings, which this decoder does not know.

    Raises:
        ImageError: the decoder warned of something, or the header is no sound one.
    """
    if jpeg.read_frame(data) is None:
        message = "stray bytes, an unknown marker or a second frame header in front of the first scan"
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
