"""The members of a tar. Only its headers are read."""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Callable, Iterator
from typing import Protocol

from transforms.imaging.errors import Kind
from transforms.model.places import Place
from transforms.sources.members import LOST, ArchiveError, Member, member, refused

# Bytes that the header of one member may have, with its long name and its extended attributes: far more than is usual.
_LONGEST_HEADER = 1 << 20


class Forwards(Protocol):
    """A file that is read forwards."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...

    def tell(self) -> int: ...


class _Headers:
    """The file as `tarfile` reads it: with a bound on what the header of one member takes."""

    def __init__(self, file: Forwards) -> None:
        self._file = file
        self._left = 0

    def begin(self, offset: int) -> None:
        """Begin with the header at `offset`."""
        self._file.seek(offset)
        self._left = _LONGEST_HEADER

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._left:
            raise tarfile.HeaderError("too long")
        self._left -= size
        return self._file.read(size)

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()


def members(file: Forwards, place: Callable[[int], Place]) -> Iterator[Member]:
    """Yield the files in a tar.

    Args:
        file: the tar, at its beginning.
        place: the offset of a member's bytes -> its place.

    Raises:
        ArchiveError: it is no tar, or is damaged or ends early; what came before was yielded.
    """
    headers, end = _Headers(file), 0
    archive = _opened(headers)
    # Not by `archive.next`, which takes a damaged header for the end, and keeps all members.
    info = archive.next()
    while info:
        if archive.offset <= end:  # a size is negative
            raise ArchiveError(Kind.DAMAGED, f"has a damaged header at byte {end:,}: {LOST}")
        end = archive.offset
        if not info.isdir() and (found := member(info.name, info.size, _place(info, place))):
            yield found
        info = _next(archive, headers)


def _opened(headers: _Headers) -> tarfile.TarFile:
    """Return the archive, whose first header has been read."""
    headers.begin(0)
    try:
        return tarfile.TarFile(fileobj=headers, encoding="utf-8", errors="surrogateescape")  # type: ignore[arg-type]
    except tarfile.ReadError as error:
        raise ArchiveError(Kind.NOT_AN_ARCHIVE, "does not contain a tar") from error


def _next(archive: tarfile.TarFile, headers: _Headers) -> tarfile.TarInfo | None:
    """Return the next member, or None at the end."""
    headers.begin(archive.offset)
    with _wording(archive.offset):
        try:
            return tarfile.TarInfo.fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # typeshed lacks it
            return None


@contextlib.contextmanager
def _wording(start: int) -> Iterator[None]:
    """Turn what `tarfile` raises about the header at `start` into an ArchiveError."""
    try:
        yield
    except (tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
        raise ArchiveError(Kind.TRUNCATED, f"breaks off at byte {start:,}: {LOST}") from error
    except (tarfile.TarError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise ArchiveError(Kind.DAMAGED, f"has a damaged header at byte {start:,}: {LOST}") from error


def _place(info: tarfile.TarInfo, place: Callable[[int], Place]) -> Place:
    if info.issparse():
        return refused("a sparse file")
    if info.islnk() or info.issym():
        return refused("a link")
    if not info.isreg():
        return refused("a device")
    return place(info.offset_data)
