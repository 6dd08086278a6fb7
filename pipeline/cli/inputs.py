"""Convert -i and -o to splits and paths, and check them without listing the inputs."""

from __future__ import annotations

import errno
import os
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli.listed import list_name, listed_split
from pipeline.cli.single_file import single_file
from pipeline.errors import UsageError
from transforms.dataset.paths import own_path
from transforms.model.config import DEFAULT_SPLIT, USUAL_SPLITS, ResizeConfig, Split
from transforms.model.counting import counted
from transforms.model.errors import CHECK_PATH
from transforms.sources.archive import is_archive, without_end
from transforms.storage import is_inside, is_local, join, problem_of
from transforms.storage.backends import ranged_backend_of
from transforms.storage.paths import WILDCARD, escaped, unescaped
from transforms.web import urls

# The bytes of the longest name of a split: files have names such as SPLIT-00000-of-00001.tfrecord.
_LONGEST_NAME = 200


def normalize(path: str, flag: str) -> str:
    """Return a local path as an absolute path without links, or a store path without a slash at its end.

    Args:
        path: the path as it was entered.
        flag: its flag, for the message.

    Raises:
        UsageError: the path is empty or cannot be used, see `problem_of`.
    """
    if not path:
        raise UsageError(f"{flag} '' is empty: use a folder or an object store path")
    if problem := problem_of(path):
        raise UsageError(f"{flag} {path!r} {problem}")
    return os.path.realpath(os.path.expanduser(path)) if is_local(path) else path.rstrip("/")


def splits(in_dirs: Sequence[str], names: Sequence[str] | None, any_name: bool = False) -> tuple[Split, ...]:
    """Return one split for each input, with its pattern and its root.

    Args:
        in_dirs: the inputs as they were entered.
        names: the names of the splits. None names each split after the last folder of its input. A single split is
            then named `DEFAULT_SPLIT`, unless its folder has a usual name of a split.
        any_name: whether every file is tried as an image, whatever its name is.

    Raises:
        UsageError: an input does not exist or cannot be used, or two splits have the same name.
    """
    if names and len(names) != len(in_dirs):
        raise UsageError(
            f"--split {' '.join(names)!r} has {counted(len(names), 'name')}, but -i has "
            f"{counted(len(in_dirs), 'input')}: use one name for each input"
        )
    is_single = len(in_dirs) == 1
    result = tuple(
        _split(path, names[index] if names else None, any_name, is_single) for index, path in enumerate(in_dirs)
    )
    for split in result:
        if not re.fullmatch(r"\w[\w.-]*", split.name):
            raise UsageError(f"--split {split.name!r} is not a name: use letters, digits, '_', '-' and '.'")
        if len(os.fsencode(split.name)) > _LONGEST_NAME:
            raise UsageError(f"--split {split.name!r} is too long: use a name of at most {_LONGEST_NAME} bytes")
        if own_path(split.name, "", ""):
            raise UsageError(f"--split {split.name!r} is the name of a file of the dataset itself: use another name")
        namesakes = [other for other in result if other.name == split.name]
        if len(namesakes) > 1:
            if all(_is_one_file(other) and other.root == split.root for other in namesakes):
                end, *others = {_end(unescaped(other.pattern)) for other in namesakes}
                pattern = f", or a pattern in quotes, such as {join(split.root, f'*{end}')!r}" if not others else ""
                raise UsageError(
                    f"-i has {len(namesakes)} files from {split.root!r}: pass the folder{pattern}, or use --split with "
                    "a name for each"
                )
            raise UsageError(f"-i has two inputs named {split.name!r}: use --split with a name for each")
    return result


def _default_name(typed: str, is_single: bool) -> str:
    name = folder_name(typed)
    # Programs that load a dataset with a single split expect this name.
    return DEFAULT_SPLIT if is_single and name.lower() not in USUAL_SPLITS else name


def _split(typed: str, name: str | None, any_name: bool, is_single: bool) -> Split:
    if urls.is_web(typed) and (problem := urls.problem_of(typed)):
        raise UsageError(f"-i {typed!r} {problem}: use an address such as https://example.org/photos.csv")
    if split := listed_split(typed, name or _default_name(typed, is_single)):
        return split
    path = normalize(typed, "-i")
    if file := single_file(typed, any_name):
        folder = posixpath.dirname(file)
        named = without_end(posixpath.basename(file)) if is_archive(file) else ""
        named = named if named.lower() in USUAL_SPLITS else _default_name(folder, is_single)
        return Split(name or named, escaped(file), folder)
    if is_local(path) and os.path.lexists(path):
        root, pattern = _local_folder(typed, path), join(escaped(path), "**")
    elif wildcard := WILDCARD.search(path):
        root, pattern = posixpath.dirname(path[: wildcard.start()]), path
        if is_local(path):
            _local_folder(typed, root)
    elif is_local(path):
        _check_accessible(typed, path)
        raise UsageError(f"-i {typed!r} does not exist: use a folder, a glob pattern or an object store path")
    else:
        root, pattern = path, join(path, "**")
    typed_root = _typed_root(typed, is_pattern=root != path)
    return Split(name or _default_name(typed, is_single), pattern, root, "" if typed_root == root else typed_root)


def _end(path: str) -> str:
    """Return the extension of a file. An archive may have a double extension, such as .tar.gz."""
    return path.removeprefix(without_end(path)) if is_archive(path) else posixpath.splitext(path)[1]


def _is_one_file(split: Split) -> bool:
    """Return whether a split is one file, not a folder or a pattern."""
    return escaped(unescaped(split.pattern)) == split.pattern


def _typed_root(typed: str, is_pattern: bool) -> str:
    """Return the root of an input without resolving links. Tables may name images by this path."""
    path = os.path.abspath(os.path.expanduser(typed)) if is_local(typed) else typed.rstrip("/")
    wildcard = WILDCARD.search(path) if is_pattern else None
    return posixpath.dirname(path[: wildcard.start()]) if wildcard else path


def folder_name(typed: str) -> str:
    """Return the name of the last folder of an input before any wildcard, or the name of a list.

    Characters that are not allowed in names are replaced with "_".
    """
    path = os.path.abspath(typed) if is_local(typed) else typed.rstrip("/")
    if urls.is_web(typed) or list_name(typed):
        name = list_name(typed) or posixpath.basename(posixpath.dirname(urls.path_of(typed)))
        return re.sub(r"[^\w.-]", "_", name).lstrip(".-") or "images"
    wildcard = None if os.path.lexists(path) else WILDCARD.search(path)
    folder = posixpath.dirname(path[: wildcard.start()]) if wildcard else path
    return re.sub(r"[^\w.-]", "_", posixpath.basename(folder)).lstrip(".-") or "images"


def _local_folder(typed: str, folder: str) -> str:
    _check_accessible(typed, folder)
    if not os.path.exists(folder):
        raise UsageError(f"-i {typed!r}: the folder {folder!r} does not exist: use one that does")
    if not os.path.isdir(folder):
        raise UsageError(f"-i {typed!r} is not a folder: use the folder that contains the images")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UsageError(_unreadable(typed, os.strerror(errno.EACCES)))
    return folder


def _check_accessible(typed: str, path: str) -> None:
    """Refuse a path that cannot be looked up, as in a folder without permissions. It may be missing."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise UsageError(_unreadable(typed, error.strerror)) from error


def _unreadable(typed: str, reason: str | None) -> str:
    return f"-i {typed!r} cannot be read ({reason}): make it readable, or use another folder"


def table_path(typed: str | None, flag: str) -> str:
    """Return the normalized path of a table, or "" if there is no table."""
    return normalize(typed, flag) if typed else ""


def read_text(path: str, flag: str) -> str:
    """Return the text of a small file, without whitespace around it.

    Raises:
        UsageError: the file cannot be read, or is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError):
            reason, advice = error.strerror, CHECK_PATH
        else:
            reason, advice = "it is not UTF-8", "save it as UTF-8"
        raise UsageError(f"{flag} {path!r} cannot be read: {reason}; {advice}") from error


def check_apart(splits: Sequence[Split], out_dir: str) -> None:
    """Check that outputs cannot overwrite sources.

    Raises:
        UsageError: OUT is an input, or contains one.
    """
    for split in splits:
        if split.root == out_dir or is_inside(split.root, out_dir):
            raise UsageError(f"-o {out_dir!r} contains the input {split.root!r}: use a folder that does not")


def check_tables_apart(config: ResizeConfig) -> None:
    """Check that a run cannot replace or delete its tables.

    Raises:
        UsageError: a table is inside OUT.
    """
    annotations = config.annotations.files if config.annotations else ()
    for flag, location in (*config.tables.items(), *((file.table, file.location) for file in annotations)):
        if is_inside(location, config.out_dir):
            raise UsageError(
                f"--{flag} {location!r} is in -o, where a run replaces and deletes files: copy it to another folder"
            )


def check_prefixes(splits: Sequence[Split]) -> None:
    """Check that all inputs can be listed by ranges of names, as --list_prefixes requires.

    Raises:
        UsageError: an input is a list or a web address, or is not in a store that can list ranges.
    """
    for split in splits:
        if split.has_explicit_locations or ranged_backend_of(split.root) is None:
            where = split.pattern if split.has_explicit_locations else split.root
            raise UsageError(
                f"--list_prefixes has no effect on {where!r}, only on gs:// and s3:// inputs: leave it out"
            )
