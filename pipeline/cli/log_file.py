"""Check the file of -l before the first line is appended to it."""

from __future__ import annotations

import os
import re

from pipeline.errors import UsageError
from transforms.dataset.paths import own_path
from transforms.layouts import LAYOUTS
from transforms.model.errors import CHECK_PATH
from transforms.model.file_names import IMAGE_EXTENSIONS, extension_of
from transforms.storage import is_inside, is_local

# The start of a line that this program or the first script logged.
_LINE_START = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_LINE_START_BYTES = 19

# Streams that the caller has opened, perhaps to a file that also has other lines.
_STREAM = re.compile(r"/dev/(stdout|stderr|fd/\d+)")


def log_path(typed: str, out_dir: str) -> str:
    """Return the path of the log file, absolute and without links. A device or a pipe keeps its name.

    Args:
        typed: the path as it was entered.
        out_dir: the normalized path of OUT.

    Raises:
        UsageError: the path is not local, or lines that are appended to the file would damage another file or be lost.
    """
    if not is_local(typed):
        raise UsageError(f"-l {typed!r} is not a local file: use a local path")
    if os.path.exists(typed) and not os.path.isfile(typed):
        return typed
    path = os.path.realpath(typed)
    if not _STREAM.fullmatch(typed) and (problem := _problem_of(path, out_dir)):
        raise UsageError(f"-l {typed!r} {problem}: use another file, such as log.txt")
    return path


def _problem_of(path: str, out_dir: str) -> str | None:
    """Return why a file cannot be the log; None if it can."""
    if path == out_dir or is_inside(out_dir, path):
        return f"cannot be a file, because -o {out_dir!r} is a folder there"
    if extension_of(path)[1:] in IMAGE_EXTENSIONS:
        return "has the name of an image"
    if is_inside(path, out_dir) and _is_of_dataset(os.path.relpath(path, out_dir)):
        return f"has the name of a file of the dataset in -o {out_dir!r}"
    if not _is_log(path):
        return "is not a log of this program, and lines would be appended to it"
    return None


def _is_of_dataset(path: str) -> bool:
    """Return whether a file of a dataset may have this path below OUT."""
    archives = {layout.archive_extension for layout in LAYOUTS.values()} - {""}
    return extension_of(path)[1:] in archives or own_path(path, "", "") is not None


def _is_log(path: str) -> bool:
    """Return whether a file is missing or empty, or begins with a line of a log.

    Raises:
        UsageError: the file cannot be read.
    """
    if not os.path.exists(path):
        return True
    try:
        with open(path, "rb") as file:
            start = file.read(_LINE_START_BYTES)
    except OSError as error:
        raise UsageError(f"-l {path!r} cannot be read: {error.strerror}; {CHECK_PATH}") from error
    return not start or _LINE_START.match(start) is not None
