"""The optional packages that a spec requires."""

from __future__ import annotations

from transforms.imaging import resample, strict
from transforms.imaging.spec import ResizeSpec


def check_extras(spec: ResizeSpec) -> None:
    """Check that the optional packages that a spec requires are installed, and work.

    Raises:
        SettingError: one is missing, or does not work.
    """
    if spec.resampler == "simd":
        resample.check_simd()
    if spec.check_jpeg:
        strict.check_installed()
