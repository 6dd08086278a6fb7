"""How the C library allocates the memory of images."""

from __future__ import annotations

import contextlib
import ctypes

# Parameters of mallopt, see https://man7.org/linux/man-pages/man3/mallopt.3.html
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


# The maximum number of bytes of freed memory that a process keeps.
_KEPT = 64 << 20


def keep_freed_memory(granted: int) -> None:
    """Make the C library keep the memory that one image frees for the next image.

    By default, glibc returns large blocks to the system at once, and must fetch them again page by page. With another
    C library this function does nothing.

    Args:
        granted: the bytes of memory that an image may use. At most half of them are kept.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)  # otherwise glibc keeps the memory that a thread frees for that thread
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the largest value that glibc accepts; Pillow's blocks have 16 MB
        mallopt(_M_TRIM_THRESHOLD, min(_KEPT, granted // 2))
