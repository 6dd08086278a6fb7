"""The amount of memory of the machine."""

from __future__ import annotations

import functools
import os

from transforms.resizing.cgroup import own_memory_limit


@functools.cache
def machine_memory() -> int:
    """Return the bytes of memory of this machine, or of the container in which this process runs."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = own_memory_limit()
    return physical if limit is None else min(physical, limit)
