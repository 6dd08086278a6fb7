"""-i and -o: from what was typed to splits, and what can be said of them before anything runs."""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import UsageError
from transforms.imaging.naming import extension_of, is_system_file, is_system_folder, is_tried
from transforms.listing.files import list_files
from transforms.listing.no_image import no_image_message
from transforms.model.config import Split
from transforms.storage import below, is_inside, is_local, join, matches, problem_of
from transforms.storage.gcs import is_object
from transforms.storage.paths import WILDCARD, escaped, unescaped

# Kinds of other files that are told apart.
_MOST_KINDS = 1000


def normalize(path: str, flag: str) -> str:
    """A local path absolute and without links, a store path without a slash at its end.

    Raises:
        UsageError: there is no path, or nothing here can use it.
    """
    if not path:
        raise UsageError("an empty path is no place: give a folder or a store path")
    if problem := problem_of(path):
        raise UsageError(f"{flag} {path!r} {problem}")
    return os.path.realpath(os.path.expanduser(path)) if is_local(path) else path.rstrip("/")


def splits(in_dirs: Sequence[str], names: Sequence[str] | None) -> tuple[Split, ...]:
    """One split an input, checked as far as this is possible without Beam.

    Raises:
        UsageError: an input is not there, or two have one name.
    """
    if names and len(names) != len(in_dirs):
        raise UsageError(
            f"--split {' '.join(names)!r} names {len(names)} splits of {len(in_dirs)}: give one name an -i"
        )
    found = tuple(_split(path, names[index] if names else None) for index, path in enumerate(in_dirs))
    for split in found:
        if not re.fullmatch(r"\w[\w.-]*", split.name):
            raise UsageError(f"--split {split.name!r} is no name: use letters, digits, '_', '-' and '.'")
        if [other.name for other in found].count(split.name) > 1:
            raise UsageError(f"two inputs would be the split {split.name!r}: name them with --split")
    return found


def _split(path: str, name: str | None) -> Split:
    whole = normalize(path, "-i")
    if is_local(whole) and os.path.lexists(whole):
        root, pattern = _local_folder(path, whole), join(escaped(whole), "**")
    elif wildcard := WILDCARD.search(whole):
        root, pattern = posixpath.dirname(whole[: wildcard.start()]), whole
        if is_local(whole):
            _local_folder(path, root)
    elif is_local(whole):
        raise UsageError(f"-i {path!r} does not exist: give a folder, a glob pattern or a store path")
    else:
        root, pattern = whole, join(whole, "**")
    given = _typed_root(path, root != whole)
    return Split(name or _usual_name(path), pattern, root, "" if given == root else given)


def _typed_root(path: str, is_pattern: bool) -> str:
    """Return an input's root as it was typed: a table may name images below a link that leads to it."""
    whole = os.path.abspath(os.path.expanduser(path)) if is_local(path) else path.rstrip("/")
    wildcard = WILDCARD.search(whole) if is_pattern else None
    return posixpath.dirname(whole[: wildcard.start()]) if wildcard else whole


def table(path: str, flag: str) -> str:
    """Where a table is that was given; "" for none."""
    return normalize(path, flag) if path else ""


def text(path: str, flag: str) -> str:
    """What a small file of the user's says.

    Raises:
        UsageError: it cannot be read, or is no text.
    """
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise UsageError(f"{flag} {path!r} cannot be read: {why}") from error


def _usual_name(path: str) -> str:
    """The last folder that was typed, before any wildcard."""
    whole = os.path.abspath(path) if is_local(path) else path.rstrip("/")
    wildcard = None if os.path.lexists(whole) else WILDCARD.search(whole)
    folder = posixpath.dirname(whole[: wildcard.start()]) if wildcard else whole
    return re.sub(r"[^\w.-]", "_", posixpath.basename(folder)).lstrip(".-") or "images"


def _local_folder(typed: str, folder: str) -> str:
    if not os.path.exists(folder):
        raise UsageError(f"-i {typed!r}: the folder {folder!r} does not exist")
    if not os.path.isdir(folder):
        raise UsageError(f"-i {typed!r} is a file: give the folder that holds the images")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UsageError(f"-i {typed!r} cannot be read: permission denied")
    return folder


def check_apart(found: Sequence[Split], out_dir: str) -> None:
    """Refuses an OUT in which an output could be written over a source.

    Raises:
        UsageError: OUT is an input, or holds one.
    """
    for split in found:
        if split.root == out_dir or is_inside(split.root, out_dir):
            raise UsageError(f"-o {out_dir!r} holds the input {split.root!r}: give a folder that does not")


def check_prefixes(found: Sequence[Split]) -> None:
    """Refuses --list_prefixes for what is not listed by names.

    Raises:
        UsageError: an input is not in Google Cloud Storage.
    """
    for split in found:
        if not is_object(split.root):
            raise UsageError(f"--list_prefixes is for inputs of gs://, and {split.root!r} is none: leave it out")


class Problem(NamedTuple):
    """What matching would pass over in silence: what it is, what follows, and whether there may be images in it."""

    what: str
    consequence: str
    hides_images: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.consequence}"


class Survey(NamedTuple):
    """What a look at a local folder tells.

    Args:
        images: how many files are tried.
        others: extension -> how many other files have it.
        system_files: how many files a system left there.
        problems: what matching would pass over in silence.
    """

    images: int
    others: Counter[str]
    system_files: int
    problems: list[Problem]


def check_contents(found: Sequence[Split], out_dir: str, any_name: bool = False) -> list[Problem]:
    """Each thing in the local input folders that matching would pass over in silence.

    Args:
        found: the inputs.
        out_dir: OUT, which may lie in one of them.
        any_name: whether every file is tried, whatever it is called.

    Raises:
        UsageError: an input has no image.
        StorageError: a store does not let itself be listed.
    """
    problems: list[Problem] = []
    for split in found:
        if is_local(split.pattern):
            seen = survey(split, out_dir, any_name)
            problems += seen.problems
            if not seen.images:
                where = split.root if is_whole_folder(split) else unescaped(split.pattern)
                raise UsageError(no_image_message(f"-i {where!r}", seen.others, seen.system_files))
        elif not matches(split.pattern):
            raise UsageError(f"-i {split.pattern!r} matches nothing: give a path or pattern with images")
    return problems


def is_whole_folder(split: Split) -> bool:
    """Whether a split is a local folder with all its sub-folders, and no pattern."""
    return is_local(split.root) and split.pattern == join(escaped(split.root), "**")


def survey(split: Split, out_dir: str, any_name: bool = False) -> Survey:
    """Looks through what a local input holds, but not below `out_dir`.

    Raises:
        StorageError: a pattern cannot be matched.
    """
    images = system_files = 0
    others: Counter[str] = Counter()
    problems: list[Problem] = []
    for path in _paths(split, out_dir, problems):
        if is_system_file(below(split.root, path)):
            system_files += 1
        elif is_tried(path, any_name):
            images += 1
        else:
            kind = extension_of(path)
            others[kind if kind in others or len(others) < _MOST_KINDS else ".*"] += 1
    return Survey(images, others, system_files, problems)


def _paths(split: Split, out_dir: str, problems: list[Problem]) -> Iterator[str]:
    if is_whole_folder(split):
        yield from (entry.path for entry in walk(split.root, out_dir, problems))
        return
    for path, _, _ in list_files(split.pattern):
        if is_inside(path, split.root) and not is_inside(path, out_dir):
            yield path


def walk(root: str, out_dir: str, problems: list[Problem]) -> Iterator[os.DirEntry[str]]:
    """The files in a local folder and all below it, but not below `out_dir`; `problems` gets what is passed over."""
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders += [entry.path] if entry.path != out_dir else []
                    elif entry.is_symlink() and (problem := _problem_of_link(entry)):
                        problems.append(problem)
                    else:
                        yield entry
        except OSError as error:
            if is_system_folder(os.path.basename(folder)) and folder != root:
                continue  # the trash of a disk is its owner's alone
            what = f"{folder!r} cannot be listed ({error.strerror})"
            problems.append(Problem(what, "what it holds is passed over", hides_images=True))


def _problem_of_link(entry: os.DirEntry[str]) -> Problem | None:
    if not os.path.exists(entry.path):
        return Problem(f"{entry.path!r} is a link to nothing", "passed over")
    if entry.is_dir():
        what = f"{entry.path!r} is a link to a folder and not followed"
        return Problem(what, "give that folder as an input of its own")
    return None
