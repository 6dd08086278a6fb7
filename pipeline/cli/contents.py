"""Check the contents of the inputs before a run: find inputs without images, and parts that cannot be listed."""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
import os
import posixpath
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from loguru import logger

from pipeline.errors import UsageError
from transforms.dataset.paths import CONFIG_PATH
from transforms.imaging.errors import ImageError
from transforms.listing.files import list_files
from transforms.listing.lists import check_lists
from transforms.listing.no_image import no_image_message
from transforms.model.config import ResizeConfig, Split, Unread
from transforms.model.file_names import extension_of, is_candidate, is_system_file, is_system_folder
from transforms.model.records import PACKED_PATH
from transforms.sources import download
from transforms.sources.archive import is_archive
from transforms.storage import below, is_inside, is_local, join, matches
from transforms.storage.paths import escaped, unescaped

# The maximum number of extensions of other files that are counted separately.
_MOST_EXTENSIONS = 1000


# The number of unreadable parts that the dataset's documents describe.
_EXAMPLES = 5


class Problem(NamedTuple):
    """A part of an input that the listing skips without an error, or that was probably not meant as a source.

    Args:
        path: the path of the part.
        fault: what is wrong with it.
        consequence: the effect on the run, or what to do.
        hides_images: whether the part may contain images that are not listed.
        is_skipped: whether the listing skips the part.
    """

    path: str
    fault: str
    consequence: str
    hides_images: bool = False
    is_skipped: bool = True

    @property
    def what(self) -> str:
        """The path and the fault."""
        return f"{self.path!r} {self.fault}"

    def __str__(self) -> str:
        return f"{self.what}: {self.consequence}"


class Survey(NamedTuple):
    """The content of a local input.

    Args:
        images: the number of files that are tried as images.
        archives: the number of archives, which may hold images.
        others: extension -> the number of other files.
        system_files: the number of files of operating systems, see `file_names.is_system_file`.
        problems: the parts that the listing skips, and the datasets of other runs.
    """

    images: int
    archives: int
    others: collections.Counter[str]
    system_files: int
    problems: list[Problem]


class Checked(NamedTuple):
    """The result of the check of the inputs: problems of local inputs, and whether there may be archives."""

    problems: list[Problem]
    may_hold_archives: bool


def check_contents(config: ResizeConfig) -> Checked:
    """Check that each input contains an image, or an archive, which may contain images.

    Args:
        config: the dataset; an input may contain its OUT.

    Raises:
        UsageError: an input contains no image, or a web address cannot be read.
        RunError: a store cannot be listed, or a list cannot be read.
    """
    problems: list[Problem] = []
    may_hold_archives = False
    for split in config.splits:
        if split.has_explicit_locations:
            _check_listed(split, config)
        elif is_local(split.pattern):
            surveyed = survey(split, config.out_dir, config.any_name)
            problems += surveyed.problems
            may_hold_archives |= bool(surveyed.archives)
            if not surveyed.images and not surveyed.archives:
                where = split.root if is_whole_folder(split) else unescaped(split.pattern)
                raise UsageError(no_image_message(f"-i {where!r}", surveyed.others, surveyed.system_files))
        elif not matches(split.pattern):
            raise UsageError(f"-i {split.pattern!r} matches nothing: use a path or pattern that matches images")
        else:
            may_hold_archives = True
    return Checked(problems, may_hold_archives)


def _check_listed(split: Split, config: ResizeConfig) -> None:
    """Check that a web address can be read, or that lists name images. Warn about columns that are left out."""
    if split.is_url:
        try:
            download(split.pattern, config.web)
        except ImageError as error:
            raise UsageError(f"-i {split.pattern!r} cannot be read: {error}") from error
    elif names := check_lists(split.pattern, config):
        logger.warning(
            "-i {!r}: these columns are left out because the dataset uses their names: {}; rename them to keep them",
            unescaped(split.pattern),
            ", ".join(map(repr, names)),
        )


def with_checked(config: ResizeConfig, checked: Checked) -> ResizeConfig:
    """Return the configuration with the result of the check of the inputs.

    The dataset's documents list the problems by their paths below the inputs. Links to folders inside the inputs are
    left out, because these folders are read at their own paths.
    """
    skipped = sorted({problem for problem in checked.problems if problem.is_skipped})
    unread = [problem for problem in skipped if not _leads_to_an_input(problem.path, config)]
    examples = tuple(f"{_name(problem.path, config)!r} {problem.fault}" for problem in unread[:_EXAMPLES])
    return dataclasses.replace(
        config, unread=Unread(len(unread), examples), may_hold_archives=checked.may_hold_archives
    )


def _leads_to_an_input(path: str, config: ResizeConfig) -> bool:
    if not (os.path.islink(path) and os.path.isdir(path)):  # the target of another link may not even be readable
        return False
    target = join(os.path.realpath(path), "")
    return any(is_inside(target, s.root) for s in config.splits)


def _name(path: str, config: ResizeConfig) -> str:
    split = next(split for split in config.splits if is_inside(join(path, ""), split.root))
    return posixpath.normpath(config.key_prefix(split.name) + below(split.root, join(path, "")))


def is_whole_folder(split: Split) -> bool:
    """Return whether a split is a local folder with all its subfolders, not a pattern."""
    return is_local(split.root) and split.pattern == join(escaped(split.root), "**")


def is_one_file(split: Split) -> bool:
    """Return whether a split is one local file, not a folder or a pattern."""
    return is_local(split.pattern) and os.path.isfile(unescaped(split.pattern))


def survey(split: Split, out_dir: str, any_name: bool = False) -> Survey:
    """Count the files of a local input, except for those below `out_dir`.

    Raises:
        StorageError: a pattern cannot be matched.
    """
    images = archives = system_files = 0
    others: collections.Counter[str] = collections.Counter()
    problems: list[Problem] = []
    folders: set[str] = set()  # of the images and archives
    for path in _paths(split, out_dir, problems):
        if is_system_file(below(split.root, path)):
            system_files += 1
        elif is_archive(path):
            archives += 1
            folders.add(posixpath.dirname(path))
        elif is_candidate(path, any_name):
            images += 1
            folders.add(posixpath.dirname(path))
        else:
            extension = extension_of(path)
            others[extension if extension in others or len(others) < _MOST_EXTENSIONS else ".*"] += 1
    problems = [problem for problem in problems if problem.is_skipped or _holds_any(problem.path, folders)]
    return Survey(images, archives, others, system_files, problems)


def _holds_any(folder: str, folders: Iterable[str]) -> bool:
    return any(is_inside(join(other, ""), folder) for other in folders)


def _paths(split: Split, out_dir: str, problems: list[Problem]) -> Iterator[str]:
    if is_whole_folder(split):
        yield from (entry.path for entry in walk(split.root, out_dir, problems))
        return
    if is_one_file(split):
        yield unescaped(split.pattern)
        return
    problems += _problems_below(split, out_dir)
    for path, _, _ in list_files(split.pattern):
        if is_inside(path, split.root) and not is_inside(path, out_dir):
            yield path


def _problems_below(split: Split, out_dir: str) -> list[Problem]:
    """Return the problems below the root of a local pattern that may hide files that match the pattern."""
    found: list[Problem] = []
    collections.deque(walk(split.root, out_dir, found), maxlen=0)
    return [problem for problem in found if _may_hide_a_match(problem.path, split.pattern)]


def _may_hide_a_match(path: str, pattern: str) -> bool:
    parts, patterns = path.split("/"), pattern.split("/")
    for part, wanted in zip(parts, patterns, strict=False):
        if "**" in wanted:
            return True
        if not fnmatch.fnmatchcase(part, wanted):
            return False
    return len(parts) < len(patterns) or (len(parts) == len(patterns) and not os.path.isdir(path))


def walk(root: str, out_dir: str, problems: list[Problem]) -> Iterator[os.DirEntry[str]]:
    """Yield the files in a local folder and its subfolders, except for those below `out_dir`.

    Args:
        root: the folder.
        out_dir: OUT.
        problems: a list, to which each folder that cannot be listed, each link that is not followed, and each dataset
            in a subfolder is added.
    """
    folders = [root]
    while folders:
        folder = folders.pop()
        if folder != root and _is_dataset(folder):
            consequence = "its images are used as sources, too; to leave them out, move it out of the input"
            problems.append(Problem(folder, "is a dataset of an earlier run", consequence, is_skipped=False))
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
                continue  # the trash folder of a disk, which belongs to another user
            fault = f"cannot be listed ({error.strerror})"
            problems.append(Problem(folder, fault, "its files are skipped", hides_images=True))


def _is_dataset(folder: str) -> bool:
    return any(os.path.isfile(join(folder, path)) for path in (PACKED_PATH, CONFIG_PATH))


def _problem_of_link(entry: os.DirEntry[str]) -> Problem | None:
    if not os.path.exists(entry.path):
        return Problem(entry.path, "is a broken link", "skipped")
    if entry.is_dir():
        fault = "is a link to a folder, and is not followed"
        return Problem(entry.path, fault, "pass that folder as a separate input")
    return None
