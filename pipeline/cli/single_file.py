"""An input that is one file: an image or an archive is accepted, any other file is refused based on its name."""

from __future__ import annotations

import os
import posixpath

from pipeline.errors import UsageError
from transforms.imaging.extras import extra_for, install_command
from transforms.listing.no_image import ARCHIVES, TEXTS
from transforms.model.file_names import UNREAD_EXTENSIONS, extension_of, is_candidate
from transforms.sources.archive import is_archive
from transforms.storage import is_local
from transforms.storage.paths import WILDCARD


def single_file(typed: str, any_name: bool) -> str | None:
    """Return the path of an input that is one file, or None if the input is a folder, a pattern or missing.

    An object store has no folders: a path with the extension of an image is a file there.

    Args:
        typed: the input as the user typed it.
        any_name: whether every file is tried, whatever its name.

    Raises:
        UsageError: the input is a file, but neither an image nor a supported archive.
    """
    path = _local_file(typed) if is_local(typed) else _object(typed)
    if path is None:
        return None
    if problem := _problem_of(typed, any_name):
        raise UsageError(f"-i {typed!r} {problem}")
    return path


def _local_file(typed: str) -> str | None:
    """Return the path of a file. The links of its folder are resolved, but its own name is kept, as it is the key."""
    folder, name = os.path.split(os.path.abspath(os.path.expanduser(typed)))
    path = os.path.join(os.path.realpath(folder), name)
    return path if os.path.isfile(path) else None


def _object(typed: str) -> str | None:
    has_name = "/" in typed.partition("://")[2]
    known = extension_of(typed)[1:] in ARCHIVES | TEXTS or is_candidate(typed)
    return typed if has_name and known and not WILDCARD.search(typed) else None


def _problem_of(path: str, any_name: bool) -> str | None:
    """Return why a file is not an input and what to do, or None if it is an image or a supported archive."""
    if is_archive(path):
        return None
    extension = extension_of(path)
    if extension[1:] in ARCHIVES:
        return "is an unsupported kind of archive: unpack it and pass the folder, or repack it as .tar or .zip"
    if extension[1:] in TEXTS:
        return (
            "is a text file, not an image: use the folder that contains the images, or a list of them that ends with "
            ".txt, .csv, .tsv, .jsonl or .parquet"
        )
    if is_candidate(path, any_name):
        return None
    if extra := extra_for(extension[1:]):
        return f"cannot be read because the extra for {extension} is not installed: {install_command(extra.name)}"
    if extension[1:] in UNREAD_EXTENSIONS:
        return f"cannot be read because no installed decoder supports {extension}: convert it to JPEG or PNG"
    what = (
        f"has the extension {posixpath.splitext(path)[1]!r}, which is not an image extension"
        if extension
        else "has no extension"
    )
    return f"{what}: add --any_name if it is an image, or use the folder that contains the images"
