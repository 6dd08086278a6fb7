"""Archives of all kinds: which files are archives, and what they contain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from transforms import storage
from transforms.imaging.errors import Kind
from transforms.model.errors import StorageError
from transforms.model.places import TarMember
from transforms.sources import gzip_index, tar
from transforms.sources import zip as zips
from transforms.sources.members import ArchiveError, Member
from transforms.storage.by_range import open_by_range

# The endings of the names of archives, in lowercase. How an archive is read depends only on its content.
ENDS = (".tar", ".zip", ".tar.gz", ".tgz")

_GZIP = b"\x1f\x8b"
_START = 16


class Archive(NamedTuple):
    """An archive as it was listed: its full path, its size in bytes, and the time of its last change."""

    location: str
    size: int
    version: float


def is_archive(path: str) -> bool:
    """Return whether a file has the name of an archive."""
    return path.lower().endswith(ENDS)


def without_end(path: str) -> str:
    """Return a path without its ending if that is one of `ENDS`, else the whole path."""
    return path[: -max(len(end) for end in ENDS if path.lower().endswith(end))] if is_archive(path) else path


def prepare(archive: Archive, out_dir: str) -> None:
    """Unpack a .tar.gz once, and store its index in `out_dir` for `members`. Do nothing for other archives.

    Raises:
        ArchiveError: the archive cannot be read.
        StorageError: `out_dir` cannot be written to.
    """
    if _start(archive).startswith(_GZIP):
        gzip_index.build_index(out_dir, _folder(archive), archive.location, archive.size)


def members(archive: Archive, out_dir: str) -> Iterator[Member]:
    """Yield the files in an archive.

    Raises:
        ArchiveError: the file is not an archive, or is damaged or truncated. The members before that were yielded.
        StorageError: `out_dir` cannot be written to.
    """
    start = _start(archive)
    if start.startswith(_GZIP):
        prepare(archive, out_dir)
        yield from gzip_index.members(out_dir, _folder(archive))
        return
    try:
        with open_by_range(archive.location, archive.size) as file:
            if _is_zip(archive, start, file):
                yield from zips.members(file, archive.size)
            else:
                yield from tar.members(file, TarMember, archive.size)
    except ArchiveError as error:
        if error.kind is Kind.NOT_AN_ARCHIVE:
            message = f"is neither a tar nor a zip: it begins with {start!r}"
            raise ArchiveError(Kind.NOT_AN_ARCHIVE, message) from error
        raise
    except StorageError as error:
        raise _unreadable(error) from error


def _is_zip(archive: Archive, start: bytes, file: BinaryIO) -> bool:
    """Return whether an archive is a zip. A self-extracting zip begins with a program: it is recognized by its name."""
    if start[:4] in zips.MARKS or not archive.location.lower().endswith(".zip"):
        return start[:4] in zips.MARKS
    is_tar = tar.is_header(file.read(tar.BLOCK))
    is_zip = not is_tar and zips.ends_like_one(file, archive.size)
    file.seek(0)
    return is_zip


def _folder(archive: Archive) -> str:
    return gzip_index.folder_of(*archive)


def _start(archive: Archive) -> bytes:
    """Return the first bytes of an archive."""
    try:
        start = storage.read_range(archive.location, 0, min(archive.size, _START))
    except StorageError as error:
        raise _unreadable(error) from error
    if not start:
        raise ArchiveError(Kind.EMPTY_FILE, "is empty")
    return start


def _unreadable(error: StorageError) -> ArchiveError:
    return ArchiveError(Kind.UNREADABLE, f"cannot be read: {error.reason}")
