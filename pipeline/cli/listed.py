"""Inputs that are lists of images, and web addresses."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Sequence

from pipeline.errors import UsageError
from transforms.listing.lists import is_list
from transforms.listing.no_image import ARCHIVES
from transforms.model.config import ListColumns, Split
from transforms.model.file_names import extension_of
from transforms.storage import is_local, problem_of
from transforms.storage.paths import WILDCARD, escaped
from transforms.web import urls

_LIST_FLAGS = tuple(ListColumns.__dataclass_fields__)


def listed_split(typed: str, name: str) -> Split | None:
    """Return the split of an input that is a web address, or one or several lists. Return None for any other input.

    Args:
        typed: the input as it was entered. A web address must be valid.
        name: the name of the split.

    Raises:
        UsageError: the web address is an archive, or a local list does not exist.
    """
    if urls.is_web(typed):
        return _web_split(typed, name)
    if not is_list(typed) or problem_of(typed):
        return None
    path = os.path.abspath(os.path.expanduser(typed)) if is_local(typed) else typed
    if is_local(path) and os.path.lexists(path):
        if not os.path.isfile(path):
            return None
        path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        return Split(name, escaped(path), posixpath.dirname(path), is_list=True)
    wildcard = WILDCARD.search(path)
    if wildcard is None:
        if is_local(path):
            raise UsageError(
                f"-i {typed!r} does not exist: use a list, a folder, a glob pattern or an object store path"
            )
        return Split(name, path, posixpath.dirname(path), is_list=True) if path.count("/") > 2 else None
    return Split(name, path, posixpath.dirname(path[: wildcard.start()]), is_list=True)


def _web_split(typed: str, name: str) -> Split:
    path = urls.extension_path(typed)
    if extension_of(path)[1:] in ARCHIVES and not is_list(typed):
        raise UsageError(f"-i {typed!r} is an archive on the web: download it first, and pass the file")
    root = typed[: len(typed.partition("?")[0].partition("#")[0])].rpartition("/")[0]
    return Split(name, typed, root, is_list=is_list(typed), is_url=not is_list(typed))


def list_name(typed: str) -> str | None:
    """Return the name of an input that is a list, without its extension, or None for a pattern or any other input."""
    path = urls.extension_path(typed)
    is_folder = is_local(typed) and not urls.is_web(typed) and os.path.isdir(typed)
    if not is_list(typed) or is_folder or WILDCARD.search(path):
        return None
    return re.sub(r"\.[a-z]+(\.gz)?$", "", posixpath.basename(path), flags=re.IGNORECASE)


def check_list_flags(splits: Sequence[Split], lists: ListColumns) -> None:
    """Check that flags about lists are used only if an input is a list.

    Raises:
        UsageError: such a flag is used, but no input is a list.
    """
    if any(split.is_list for split in splits):
        return
    for flag in _LIST_FLAGS:
        if value := getattr(lists, flag):
            raise UsageError(
                f"--{flag} {value!r} has no effect because no input is a list of images, such as photos.csv: leave it "
                "out"
            )
