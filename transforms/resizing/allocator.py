"""How the C library allocates the memory of images."""

from __future__ import annotations

import contextlib
import ctypes

# Parameters of mallopt, see https://man7.org/linux/man-pages/man3/mallopt.3.html
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


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
