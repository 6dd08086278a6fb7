"""How much memory there is."""

from __future__ import annotations

import functools
import os

from transforms.resizing.cgroup import own_memory_limit


@functools.cache
def machine_memory() -> int:
    """Return the bytes of memory of this machine, or of the container that this process runs in."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = own_memory_limit()
    return physical if limit is None else min(physical, limit)
