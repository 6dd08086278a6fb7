"""Archives for tests: valid, broken and hostile."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

KINDS = ("tar", "zip", "tar.gz")


def tar(files: Mapping[str, bytes] | Iterable[tuple[str, bytes]], image_format: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar of files, in the same order."""
    pairs = files.items() if isinstance(files, Mapping) else files
    return tar_of(((name, data, {}) for name, data in pairs), image_format)


def tar_of(members: Iterable[tuple[str, bytes, dict[str, Any]]], image_format: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar of members, each with its unusual header attributes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=image_format) as archive:
        for name, data, attributes in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of files, in the same order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def packed(files: Mapping[str, bytes], kind: str) -> bytes:
    """Return an archive of files. Its kind is one of `KINDS`."""
    return zipped(files) if kind == "zip" else tar(files) if kind == "tar" else gzip.compress(tar(files), mtime=0)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return path -> content of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
