"""Sources that worker processes do not read themselves: threads read them in advance."""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from transforms.imaging.errors import ImageError, Stage
from transforms.model.places import GzipMember
from transforms.model.records import Source
from transforms.resizing.batch import Batch
from transforms.resizing.source_result import without_output
from transforms.resizing.worker import check_memory
from transforms.resizing.worker_slot import Item
from transforms.sources import memory_to_unpack, read
from transforms.sources.stream import OrderedReader, stream_of
from transforms.web.hosts import HostThreads
from transforms.web.urls import host_of

# The number of connections that object store clients keep.
_THREADS = 64
# The number of files, for each worker, that are being read or waiting for a worker: an object store takes about as
# long to answer as a worker takes for ten images.
_FILES = 16
# No further file is begun while the files in memory have this many bytes.
_BYTES = 128_000_000
# The maximum number of web downloads in progress: most of them wait for their hosts.
_DOWNLOADS = 512
# The number of waiting members of one .tar.gz at which another batch is begun instead.
_MEMBERS = 8


class ReadAhead:
    """Reads files in threads. All methods are called by one thread.

    The members of a .tar.gz are read in the order in which they were begun, because it is unpacked forwards. Several
    archives are read at the same time, one for each batch.

    Args:
        wake: is called in another thread when a file has been read.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._threads: HostThreads | None = None
        self._read: deque[tuple[Batch, Source, Future[bytes]]] = deque()
        self._count = self._downloads = 0
        self._bytes = 0
        self._bytes_lock = threading.Lock()
        self._streams: dict[tuple[Batch, str], OrderedReader] = {}

    def has_room(self, workers: int) -> bool:
        """Return whether another file may be read."""
        files = min(_FILES * workers, _THREADS)
        return self._count < files and self._downloads < _DOWNLOADS and self._bytes < _BYTES

    def is_busy(self, batch: Batch) -> bool:
        """Return whether so many members of a batch are waiting that another batch should be begun."""
        return any(reader.waiting >= _MEMBERS for (of, _), reader in self._streams.items() if of is batch)

    def begin(self, batch: Batch, source: Source) -> None:
        """Start reading a file, unless its decompressed size exceeds the memory budget."""
        needed = memory_to_unpack(source)
        try:
            check_memory(needed, needed, batch.settings.memory, Stage.READ)
        except ImageError as error:
            batch.finish(without_output(source, batch.settings.spec, error))
            return
        if self._threads is None:
            self._threads = HostThreads(_THREADS)
        self._add(source, 1)
        self._hold(source.bytes)
        if isinstance(source.place, GzipMember):
            future = self._reader(batch, source, self._threads).submit(source)
        else:
            host, web = host_of(source.location), batch.settings.web
            future = self._threads.submit(host, web.requests_per_host, read, source, web)
        future.add_done_callback(lambda future: self._finish(batch, source, future))

    def _add(self, source: Source, number: int) -> None:
        if host_of(source.location):
            self._downloads += number
        else:
            self._count += number

    def _hold(self, count: int) -> None:
        with self._bytes_lock:
            self._bytes += count

    def _reader(self, batch: Batch, source: Source, threads: HostThreads) -> OrderedReader:
        """Return the reader of an archive, and close the readers whose batch is over."""
        key = batch, source.location
        if key not in self._streams:
            for over in [key for key in self._streams if key[0].is_over]:
                self._streams.pop(over).close()
            self._streams[key] = OrderedReader(stream_of(source), functools.partial(threads.submit, "", 0))
        return self._streams[key]

    def _finish(self, batch: Batch, source: Source, future: Future[bytes]) -> None:
        self._hold(_size(future) - source.bytes)  # the size of a source in a list is unknown until it is read
        self._read.append((batch, source, future))
        self._wake()

    def next(self) -> Item | None:
        """Return an item whose file has been read, or None. Finish the items whose files cannot be read."""
        while self._read:
            batch, source, future = self._read.popleft()
            self._add(source, -1)
            self._hold(-_size(future))
            try:
                return Item(batch, source, future.result())
            except ImageError as error:
                batch.finish(without_output(source, batch.settings.spec, error))
            except BaseException as error:  # `Batch.results` raises it
                batch.stop(error)
        return None

    def close(self) -> None:
        """Stop reading: begin no further files."""
        for reader in self._streams.values():
            reader.close()
        if self._threads:
            self._threads.close()


def _size(future: Future[bytes]) -> int:
    """Return the number of bytes of a file in memory."""
    return 0 if future.cancelled() or future.exception() else len(future.result())
