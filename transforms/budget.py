"""Room in memory for decoded images, shared by all threads of a process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Iterator

from transforms.imaging.errors import ImageError, Kind, Stage

# Of mallopt, see https://man7.org/linux/man-pages/man3/mallopt.3.html
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


class MemoryBudget:
    """Admits images as long as what they need together stays within a limit.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._freed = threading.Condition()

    @contextlib.contextmanager
    def admit(self, needed: int) -> Iterator[None]:
        """Waits until `needed` bytes are free, and holds them.

        Raises:
            ImageError: they never will be.
        """
        if needed > self.limit:
            raise ImageError(
                Kind.TOO_LARGE,
                Stage.DECODE,
                f"decoding takes {needed / 1e6:.0f} MB, more than the whole budget: raise --memory",
            )
        with self._freed:
            self._freed.wait_for(lambda: self._used + needed <= self.limit)
            self._used += needed
        try:
            yield
        finally:
            with self._freed:
                self._used -= needed
                self._freed.notify_all()


def share_freed_memory() -> None:
    """Has the C library give the memory of images that are done to those that follow, whatever thread has them.

    By itself glibc keeps what a thread frees for that thread: twelve of them held twice the budget. And it returns
    large blocks at once, and has to fetch them again page by page. Elsewhere this does nothing.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the largest that there is; Pillow's blocks have 16 MB
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)


def machine_memory() -> int:
    """Bytes of memory that this machine, or the container that this process runs in, has."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
        sizes.append(int(file.read()))  # "max" where there is no limit, which is no number
    return min(sizes)
