"""--version: the program, its resampling, and the libraries that determine an image's bytes, without loading Beam."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
from typing import Any, NoReturn

from PIL import features

from pipeline.cli.help import print_page
from transforms.imaging import resample
from transforms.imaging.extras import installed


def version_lines() -> list[str]:
    """Return one line for the program and one for each library, such as "apache-beam 2.77.0"."""
    jpeg = "libjpeg-turbo" if features.check("libjpeg_turbo") else "libjpeg"
    jpeg_version = features.version("libjpeg_turbo") or features.version("jpg")
    return [
        f"image_resizer {_installed('downsampled-open-images')}",
        f"resampling {resample.resampler()}",
        f"pillow {features.version('pil')}",
        f"{jpeg} {jpeg_version}",
        *(f"{extra.distribution} {extra.version}" for extra in installed()),
        f"apache-beam {_installed('apache-beam')}",
        f"python {platform.python_version()}",
    ]


def _installed(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


class PrintVersion(argparse.Action):
    """Prints the versions and exits. argparse's own action would look up the versions in every run."""

    def __init__(self, option_strings: list[str], dest: str, help: str) -> None:  # noqa: A002  # argparse's name
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        print_page("\n".join(version_lines()))
        parser.exit()
