"""Room in memory for decoded images, shared by all threads of a process."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from transforms.imaging.errors import ImageError, Kind, Stage


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


def machine_memory() -> int:
    """Bytes of memory that this machine, or the container that this process runs in, has."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
        sizes.append(int(file.read()))  # "max" where there is no limit, which is no number
    return min(sizes)
