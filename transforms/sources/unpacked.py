"""The unpacked bytes of a gzip file, as a file that is only read forwards."""

from __future__ import annotations

from transforms.imaging.errors import Kind
from transforms.sources.inflate import Inflater
from transforms.sources.members import LOST, ArchiveError


class Unpacked:
    """The output of an `Inflater`, as a file that is only read forwards.

    Args:
        inflater: unpacks the bytes. The file begins where it begins.
        limit: the maximum offset of unpacked bytes.
    """

    def __init__(self, inflater: Inflater, limit: int) -> None:
        self._inflater, self._limit = inflater, limit
        self._piece, self._at = memoryview(b""), 0

    def tell(self) -> int:
        """Return the current offset in the unpacked data of the whole gzip file."""
        return self._inflater.offset - len(self._piece) + self._at

    def seek(self, offset: int) -> int:
        """Move forwards to an offset, or to the end if that comes first. Return the new offset."""
        while self.tell() < offset and (length := self._available()):
            self._at += min(length, offset - self.tell())
        return self.tell()

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or fewer at the end.

        Raises:
            ArchiveError: the file is truncated or damaged, or unpacks to more than the limit.
        """
        pieces = []
        while size and (length := self._available()):
            pieces.append(self._piece[self._at : self._at + size])
            taken = min(length, size)
            self._at += taken
            size -= taken
        return b"".join(pieces)

    def _available(self) -> int:
        """Return the number of bytes left in the current piece: 0 only at the end. Unpack the next piece if it is 0."""
        if self._at == len(self._piece):
            if self._inflater.offset > self._limit:
                raise ArchiveError(Kind.FILE_TOO_LARGE, f"unpacks to more than {self._limit:,} bytes: {LOST}")
            self._piece, self._at = memoryview(self._inflater.read()), 0
        return len(self._piece) - self._at
