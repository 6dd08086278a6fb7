"""Sources that no worker process reads by itself, read by threads before one needs them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from transforms.imaging.errors import ImageError
from transforms.model.places import GzipMember
from transforms.model.records import Source
from transforms.resizing.lane import Item
from transforms.resizing.process import without_output
from transforms.resizing.work import Work
from transforms.sources import read
from transforms.sources.stream import OrderedReader, stream_of

# Files that are read, or wait for a worker, for each worker; and the bytes of all of them after which none is begun.
_FILES, _BYTES = 4, 128_000_000
# Members of one .tar.gz that wait to be read, after which another work is begun.
_MEMBERS = 8


class ReadAhead:
    """Reads files in threads. One thread calls all methods.

    The members of a .tar.gz are read in the order in which they were begun, since it is unpacked forwards. Several
    are read at the same time, for works of their own.

    Args:
        wake: is called in another thread when a file is read.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._threads: ThreadPoolExecutor | None = None
        self._read: deque[tuple[Work, Source, Future[bytes]]] = deque()
        self._count = self._bytes = 0
        self._streams: dict[tuple[Work, str], OrderedReader] = {}

    def has_room(self, workers: int) -> bool:
        """Return whether a further file may be read."""
        return self._count < _FILES * workers and self._bytes < _BYTES

    def is_busy(self, work: Work) -> bool:
        """Return whether so much is to be read for a work that another is better begun."""
        return any(reader.waiting >= _MEMBERS for (of, _), reader in self._streams.items() if of is work)

    def begin(self, work: Work, source: Source, workers: int) -> None:
        """Begin to read a file."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_FILES * workers, thread_name_prefix="read")
        self._count += 1
        self._bytes += source.bytes
        if isinstance(source.place, GzipMember):
            reading = self._reader(work, source, self._threads).submit(source)
        else:
            reading = self._threads.submit(read, source)
        reading.add_done_callback(lambda future: self._finish(work, source, future))

    def _reader(self, work: Work, source: Source, threads: ThreadPoolExecutor) -> OrderedReader:
        """Return the reader of an archive, and close those whose work is over."""
        key = work, source.location
        if key not in self._streams:
            for over in [key for key in self._streams if key[0].is_over]:
                self._streams.pop(over).close()
            self._streams[key] = OrderedReader(stream_of(source), threads)
        return self._streams[key]

    def _finish(self, work: Work, source: Source, future: Future[bytes]) -> None:
        self._read.append((work, source, future))
        self._wake()

    def next(self) -> Item | None:
        """Return an item whose file is read, or None if there is none. Finish those that cannot be read."""
        while self._read:
            work, source, future = self._read.popleft()
            self._count -= 1
            self._bytes -= source.bytes
            try:
                return Item(work, source, future.result())
            except ImageError as error:
                work.finish(without_output(source, work.job.spec, error))
            except BaseException as error:  # `Work.results` raises it
                work.stop(error)
        return None

    def close(self) -> None:
        """Begin no further file."""
        for reader in self._streams.values():
            reader.close()
        if self._threads:
            self._threads.shutdown(wait=False, cancel_futures=True)
