"""The memory of running processes."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path


def peak_memory(process: int) -> int:
    """Return the peak resident memory of a process so far, in bytes; 0 if it has ended."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
        if "VmHWM:" in status:
            return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    return 0


def memory_of_tree(leader: int) -> dict[int, int]:
    """Return process ID -> resident bytes of a process and its descendants; {} if the process has ended."""
    found, left = {}, [leader]
    while left:
        process = left.pop()
        with contextlib.suppress(OSError, IndexError):  # it has ended
            found[process] = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
            for task in Path(f"/proc/{process}/task").iterdir():
                left += map(int, (task / "children").read_text().split())
    return found
