"""Read the members of a .tar.gz in the order in which they are stored."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.model.errors import StorageError
from transforms.model.places import GzipMember
from transforms.model.records import Source
from transforms.sources.gzip_index import inflating, point_before, read_index
from transforms.sources.inflate import SPACING
from transforms.sources.members import ArchiveError
from transforms.sources.unpacked import Unpacked
from transforms.storage.by_range import open_by_range


class Stream:
    """Reads the members of one archive. Reading is fast if each member follows shortly after the previous one.

    Args:
        location: the full path of the archive.
        index_dir: the full path of the folder with its index.
    """

    def __init__(self, location: str, index_dir: str) -> None:
        self._location, self._index_dir = location, index_dir
        self._open = contextlib.ExitStack()
        self._unpacked: Unpacked | None = None

    def read(self, source: Source) -> bytes:
        """Return the content of a member.

        Raises:
            ImageError: the member cannot be read.
        """
        assert isinstance(source.place, GzipMember)
        try:
            return self._read(source.place.offset, source.bytes)
        except StorageError as error:
            self.close()
            raise ImageError(Kind.UNREADABLE, Stage.READ, f"its archive cannot be read: {error.reason}") from error
        except ArchiveError as error:  # the archive has changed since it was listed
            self.close()
            message = "its archive has changed since it was listed: run the command again"
            raise ImageError(Kind.UNREADABLE, Stage.READ, message) from error

    def _read(self, offset: int, size: int) -> bytes:
        unpacked = self._at(offset)
        unpacked.seek(offset)
        data = unpacked.read(size)
        if len(data) < size:
            raise ArchiveError(Kind.TRUNCATED, "ends too early")
        return data

    def _at(self, offset: int) -> Unpacked:
        """Return the unpacked archive at a position from which reading forwards reaches `offset`."""
        if self._unpacked is None or not 0 <= offset - self._unpacked.tell() <= SPACING:
            self.close()
            index = read_index(self._index_dir)
            if index is None:
                raise StorageError(f"{self._index_dir!r} is missing", "the information about it is missing from OUT")
            file = self._open.enter_context(open_by_range(self._location, index.size))
            point = point_before(self._index_dir, index, offset)
            self._unpacked = Unpacked(self._open.enter_context(inflating(file, point)), index.unpacked)
        return self._unpacked

    def close(self) -> None:
        """Close the archive. The next read opens it again."""
        self._unpacked = None
        self._open.close()


class OrderedReader:
    """Reads members of one archive in other threads, one after the other, in the order in which they are submitted.

    Args:
        stream: the archive.
        start: calls a function in another thread.
    """

    def __init__(self, stream: Stream, start: Callable[[Callable[[], None]], object]) -> None:
        self._stream, self._start = stream, start
        self._waiting: deque[tuple[Source, Future[bytes]]] = deque()
        self._lock = threading.Lock()
        self._is_reading = self._is_closed = False

    @property
    def waiting(self) -> int:
        """The number of submitted members that no thread has begun to read."""
        return len(self._waiting)

    def submit(self, source: Source) -> Future[bytes]:
        """Return a future of the content of a member."""
        future: Future[bytes] = Future()
        with self._lock:
            self._waiting.append((source, future))
            if not self._is_reading:
                self._is_reading = True
                self._start(self._read)
        return future

    def _read(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._is_reading = False
                    if self._is_closed:
                        self._stream.close()
                    return
                source, future = self._waiting.popleft()
            try:
                future.set_result(self._stream.read(source))
            except BaseException as error:  # the future raises it
                future.set_exception(error)

    def close(self) -> None:
        """Cancel the members that no thread has begun to read, and close the archive when the current read ends."""
        with self._lock:
            self._is_closed = True
            cancelled = [future for _, future in self._waiting]
            self._waiting.clear()
            if not self._is_reading:
                self._stream.close()
        for future in cancelled:
            future.cancel()


def read_alone(source: Source) -> bytes:
    """Return the content of a member of a .tar.gz. Unpack everything from the last seek point before the member.

    Raises:
        ImageError: the member cannot be read.
    """
    with contextlib.closing(stream_of(source)) as stream:
        return stream.read(source)


def stream_of(source: Source) -> Stream:
    """Return a stream of the archive that holds a source."""
    assert isinstance(source.place, GzipMember)
    return Stream(source.location, source.place.index_dir)
