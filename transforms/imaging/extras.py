"""Optional decoders, each an extra of this package: what they read, and whether they are installed."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Any, NamedTuple

from transforms.imaging.errors import PillowVersionError


class Extra(NamedTuple):
    """An extra that adds a decoder.

    Args:
        name: the name of the extra.
        module: the module that it installs.
        distribution: the package that contains the module.
        extensions: the extensions of the files that it reads.
        codings: the names of these files in the module `unsupported`.
    """

    name: str
    module: str
    distribution: str
    extensions: frozenset[str]
    codings: frozenset[str]

    @property
    def is_installed(self) -> bool:
        """Whether this process can load the decoder."""
        return _is_there(self.module)

    @property
    def version(self) -> str:
        """The version of the installed package; "unknown" if it was installed without metadata."""
        import importlib.metadata  # loaded here because it is slow and workers do not need it

        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return "unknown"


HEIF = Extra("heif", "pillow_heif", "pillow-heif", frozenset({"heic", "heif", "hif"}), frozenset({"HEIC", "HEIF"}))
JXL = Extra("jxl", "pillow_jxl", "pillow-jxl-plugin", frozenset({"jxl"}), frozenset({"JPEG XL"}))
EXTRAS = (HEIF, JXL)


@functools.cache
def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def load(extra: Extra) -> Any:
    """Return the module of an installed extra.

    Raises:
        PillowVersionError: the module cannot be loaded.
    """
    try:
        return importlib.import_module(extra.module)
    except ImportError as error:
        raise PillowVersionError(
            f"{extra.distribution} is installed but cannot be loaded ({error}): reinstall it, or uninstall it to leave "
            "out such files"
        ) from error


def installed() -> tuple[Extra, ...]:
    """Return the extras that are installed. A missing extra is not an error: the files that it reads are ignored."""
    return tuple(extra for extra in EXTRAS if extra.is_installed)


def extra_for(extension: str) -> Extra | None:
    """Return the extra that reads files with an extension, such as "heic"."""
    return next((extra for extra in EXTRAS if extension in extra.extensions), None)


def install_command(name: str) -> str:
    """Return the command that installs the extra of this name."""
    return f"pip install 'downsampled-open-images[{name}]'"
