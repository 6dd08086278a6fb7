"""The optional packages that a spec takes."""

from __future__ import annotations

from transforms.imaging import resample, strict
from transforms.imaging.spec import ResizeSpec


def check_extras(spec: ResizeSpec) -> None:
    """Makes sure that what a spec takes is installed here, and works.

    Raises:
        SettingError: it does not.
    """
    if spec.resampler == "simd":
        resample.check_simd()
    if spec.check_jpeg:
        strict.check_installed()
