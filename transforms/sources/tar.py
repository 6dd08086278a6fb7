"""The members of a tar. Only its headers are read."""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Callable, Iterator
from typing import Protocol

from transforms.imaging.errors import Kind
from transforms.model.places import Place, Unreadable
from transforms.sources.members import LOST, ArchiveError, Member, cut_off, member, refused

# The maximum size in bytes of a member's header, with long name and extended attributes: far more than is usual.
_LONGEST_HEADER = 1 << 20

# The size of a header in bytes.
BLOCK = tarfile.BLOCKSIZE
_ZEROS = bytes(BLOCK)


class Forwards(Protocol):
    """A file that is only read forwards."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...

    def tell(self) -> int: ...


class _Headers:
    """The file that `tarfile` reads: it limits the size of one member's header."""

    def __init__(self, file: Forwards) -> None:
        self._file = file
        self._left = 0
        self._block = b""

    def is_tar(self) -> bool:
        """Return whether the file begins with a header, or with zeros, as a tar without members does.

        The next call must be `begin` with 0.
        """
        self._file.seek(0)
        self._block = self._file.read(BLOCK)
        return self._block == _ZEROS or is_header(self._block)

    def begin(self, offset: int) -> None:
        """Prepare to read the header at `offset`."""
        if not self._block:
            self._file.seek(offset)
        self._left = _LONGEST_HEADER

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._left:
            raise tarfile.HeaderError("too long")
        self._left -= size
        block, self._block = self._block, b""
        return block or self._file.read(size)

    def find(self, offset: int) -> int | None:
        """Skip blocks of zeros from `offset` on. Return the offset of the header after them, or None if there is none.

        The next call must be `begin` with the returned offset.
        """
        self._file.seek(offset)
        while (block := self._file.read(BLOCK)) == _ZEROS:
            offset += BLOCK
        if not is_header(block):
            return None
        self._block = block
        return offset

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell() - len(self._block)


def members(file: Forwards, place: Callable[[int], Place], size: int | None = None) -> Iterator[Member]:
    """Yield the files in a tar, and in any tars that are appended to it.

    Args:
        file: the tar, at its beginning.
        place: (offset of a member's bytes) -> the member's place.
        size: the size of the tar in bytes; None if it is unknown because the tar is being unpacked.

    Raises:
        ArchiveError: the file is not a tar, or is damaged or truncated. The members before that were yielded.
    """
    headers, unpacked = _Headers(file), " of the unpacked archive" if size is None else ""
    archive = _opened(headers)
    # Only for the first member: `archive.next` takes a damaged header for the end, and keeps all members in memory.
    info = archive.next() or _appended(archive, headers, unpacked)
    while info:
        if info.size < 0 or archive.offset <= info.offset:
            raise ArchiveError(Kind.DAMAGED, f"has a damaged header at byte {info.offset:,}{unpacked}: {LOST}")
        if not info.isdir() and (found := member(info.name, info.size, _place(info, place, size))):
            yield found
        if size is not None and archive.offset > size:
            raise ArchiveError(Kind.TRUNCATED, f"is truncated at byte {size:,}: {LOST}")
        info = _next(archive, headers, unpacked)


def is_header(block: bytes) -> bool:
    """Return whether a block of 512 bytes is the header of a member, with a correct checksum."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return False
    return True


def _opened(headers: _Headers) -> tarfile.TarFile:
    """Return the archive, after its first header has been read."""
    if not headers.is_tar():
        raise ArchiveError(Kind.NOT_AN_ARCHIVE, "does not contain a tar archive")
    headers.begin(0)
    with _wording(0):
        return tarfile.TarFile(fileobj=headers, encoding="utf-8", errors="surrogateescape")  # type: ignore[arg-type]


def _next(archive: tarfile.TarFile, headers: _Headers, unpacked: str) -> tarfile.TarInfo | None:
    """Return the next member, or None at the end."""
    headers.begin(archive.offset)
    with _wording(archive.offset, unpacked), contextlib.suppress(tarfile.EOFHeaderError):  # type: ignore[attr-defined]
        return tarfile.TarInfo.fromtarfile(archive)
    return _appended(archive, headers, unpacked)


def _appended(archive: tarfile.TarFile, headers: _Headers, unpacked: str) -> tarfile.TarInfo | None:
    """Return the first member of the next appended tar, or None. The current tar has ended with a block of zeros."""
    start = headers.find(archive.offset + BLOCK)
    if start is None:
        return None
    archive.offset = start
    return _next(archive, headers, unpacked)


@contextlib.contextmanager
def _wording(start: int, unpacked: str = "") -> Iterator[None]:
    """Convert the errors that `tarfile` raises about the header at `start` into an ArchiveError."""
    try:
        yield
    except (tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
        raise ArchiveError(Kind.TRUNCATED, f"is truncated at byte {start:,}{unpacked}: {LOST}") from error
    except (tarfile.TarError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise ArchiveError(Kind.DAMAGED, f"has a damaged header at byte {start:,}{unpacked}: {LOST}") from error


def _place(info: tarfile.TarInfo, place: Callable[[int], Place], size: int | None) -> Place:
    if info.issparse():
        return refused("a sparse file")
    if info.islnk() or info.issym():
        return refused("a link")
    if not info.isreg():
        return refused("a device")
    if size is not None and info.offset_data + info.size > size:
        return Unreadable(Kind.TRUNCATED, cut_off(max(0, size - info.offset_data), info.size))
    return place(info.offset_data)
