"""How the C library allocates the memory of images."""

from __future__ import annotations

import contextlib
import ctypes

# Parameters of mallopt, see https://man7.org/linux/man-pages/man3/mallopt.3.html
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


# The most freed memory that a process keeps.
_KEPT = 64 << 20


def keep_freed_memory(granted: int) -> None:
    """Make the C library keep memory that an image has freed for the next one.

    By default, glibc returns large blocks to the system at once, and must fetch them again page by page. With another
    C library this function does nothing.

    Args:
        granted: the bytes of memory that an image may take. At most half of it is kept.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)  # else glibc keeps what a thread has freed for that thread
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the largest value that glibc accepts; Pillow's blocks have 16 MB
        mallopt(_M_TRIM_THRESHOLD, min(_KEPT, granted // 2))
