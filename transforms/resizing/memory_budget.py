"""A memory budget for decoded images, shared by all threads of a process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Iterator

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.resizing.cgroup import own_memory_limit

# Parameters of mallopt, see https://man7.org/linux/man-pages/man3/mallopt.3.html
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


class MemoryBudget:
    """Admits images while the memory that they need together stays within a limit.

    Args:
        limit: in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting_alone = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """The bytes that can be held at the same time. A new limit holds for images that already wait, too."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        with self._changed:
            self._limit = limit
            self._changed.notify_all()

    @contextlib.contextmanager
    def admit(self, needed: int) -> Iterator[None]:
        """Wait until `needed` bytes are free, and hold them inside the context.

        Raises:
            ImageError: the whole budget is smaller than `needed`.
        """
        with self._changed:
            self._changed.wait_for(lambda: needed > self._limit or self._fits(needed))
            if needed > self._limit:
                raise ImageError(
                    Kind.TOO_LARGE,
                    Stage.DECODE,
                    f"decoding takes {needed / 1e6:.0f} MB, more than the whole budget: raise --memory",
                )
            self._used += needed
        with self._releasing(needed):
            yield

    @contextlib.contextmanager
    def admit_alone(self) -> Iterator[None]:
        """Wait until nothing is held, and hold the whole budget inside the context."""
        with self._changed:
            self._waiting_alone += 1  # nobody else is admitted from here on, or the wait might never end
            self._changed.wait_for(lambda: not self._used)
            self._waiting_alone -= 1
            held = self._limit
            self._used += held
        with self._releasing(held):
            yield

    def _fits(self, needed: int) -> bool:
        return not self._waiting_alone and self._used + needed <= self._limit

    @contextlib.contextmanager
    def _releasing(self, held: int) -> Iterator[None]:
        try:
            yield
        finally:
            with self._changed:
                self._used -= held
                self._changed.notify_all()


def share_freed_memory() -> None:
    """Make the C library reuse memory that one thread has freed for all threads.

    By default, glibc keeps the memory that a thread frees for that thread: twelve threads held twice the budget. It
    also returns large blocks to the system at once, and must fetch them again page by page. With another C library
    this function does nothing.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the largest value that glibc accepts; Pillow's blocks have 16 MB
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)


def machine_memory() -> int:
    """Return the bytes of memory of this machine, or of the container that this process runs in."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = own_memory_limit()
    return physical if limit is None else min(physical, limit)
