"""The unpacked bytes of a gzip file, read forwards."""

from __future__ import annotations

from transforms.imaging.errors import Kind
from transforms.sources.inflate import Inflater
from transforms.sources.members import LOST, ArchiveError


class Unpacked:
    """What an `Inflater` unpacks, as a file that is read forwards.

    Args:
        inflater: where it begins, the file begins.
        limit: the offset up to which it may unpack.
    """

    def __init__(self, inflater: Inflater, limit: int) -> None:
        self._inflater, self._limit = inflater, limit
        self._piece, self._at = memoryview(b""), 0

    def tell(self) -> int:
        """Return the offset, from the beginning of everything that is unpacked."""
        return self._inflater.offset - len(self._piece) + self._at

    def seek(self, offset: int) -> int:
        """Go forwards to an offset, or to the end if that comes before it."""
        while self.tell() < offset and (length := self._available()):
            self._at += min(length, offset - self.tell())
        return self.tell()

    def read(self, size: int) -> bytes:
        """Return so many bytes, or fewer at the end.

        Raises:
            ArchiveError: the file ends early, is damaged, or unpacks to more than the limit.
        """
        pieces = []
        while size and (length := self._available()):
            pieces.append(self._piece[self._at : self._at + size])
            taken = min(length, size)
            self._at += taken
            size -= taken
        return b"".join(pieces)

    def _available(self) -> int:
        """Return how many bytes can be taken: 0 only at the end."""
        if self._at == len(self._piece):
            if self._inflater.offset > self._limit:
                raise ArchiveError(Kind.FILE_TOO_LARGE, f"unpacks to more than {self._limit:,} bytes: {LOST}")
            self._piece, self._at = memoryview(self._inflater.read()), 0
        return len(self._piece) - self._at
