"""The memory limit of the control groups (cgroups) that this process belongs to.

See https://docs.kernel.org/admin-guide/cgroup-v2.html and https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_V2_FILE, _V1_FILE = "memory.max", "memory.limit_in_bytes"


class _Mount(NamedTuple):
    """A mounted cgroup hierarchy: the group at its top, its mount point, and the name of the file with the limit."""

    root: str
    point: Path
    file: str


def own_memory_limit() -> int | None:
    """Return this process's limit in bytes, or None if it has none or the system has no cgroups."""
    try:
        groups, mounts = (Path(f"/proc/self/{name}").read_text("utf-8", "replace") for name in ("cgroup", "mountinfo"))
    except OSError:
        return None
    return memory_limit(groups, mounts)


def memory_limit(groups: str, mounts: str) -> int | None:
    """Return the smallest limit, in bytes, of a process's group and its ancestors, or None if none is set.

    Args:
        groups: the content of /proc/PID/cgroup.
        mounts: the content of /proc/PID/mountinfo.
    """
    paths = dict(_group_paths(groups))
    limits = [
        limit
        for file, path in paths.items()
        for folder in _folders(path, [mount for mount in _mounts(mounts) if mount.file == file])
        if (limit := _read_limit(folder / file)) is not None
    ]
    return min(limits, default=None)


def _group_paths(groups: str) -> Iterator[tuple[str, str]]:
    """Yield, for each hierarchy that can limit memory, the name of the limit's file and the process's group."""
    for line in groups.splitlines():
        hierarchy, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if hierarchy == "0" and not controllers:
            yield _V2_FILE, path
        elif "memory" in controllers.split(","):
            yield _V1_FILE, path


def _mounts(mounts: str) -> Iterator[_Mount]:
    for line in mounts.splitlines():
        place, _, kind = line.partition(" - ")  # the number of fields before it varies
        fields, file_system, options = place.split(" "), kind.partition(" ")[0], kind.rpartition(" ")[2]
        if file_system == "cgroup2":
            file = _V2_FILE
        elif file_system == "cgroup" and "memory" in options.split(","):
            file = _V1_FILE
        else:
            continue
        yield _Mount(_unescaped(fields[3]), Path(_unescaped(fields[4])), file)


def _unescaped(path: str) -> str:
    """Replace mountinfo's octal escapes, such as \\040 for a space."""  # noqa: D301  # the backslash is escaped
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)


def _folders(path: str, mounts: list[_Mount]) -> Iterator[Path]:
    """Yield the folders of a group and of its ancestors, as far as they are mounted.

    A cgroup namespace can put a group outside all mounts (`/../..`). Such a group has no folder here. In that case,
    yield the tops of the mounts: their limits apply to the namespace, or to a part of it.
    """
    below = [(mount.point, steps) for mount in mounts if (steps := _steps(path, mount.root)) is not None]
    for point, steps in below or [(mount.point, ()) for mount in mounts]:
        for depth in range(len(steps) + 1):
            yield point.joinpath(*steps[:depth])


def _steps(path: str, root: str) -> tuple[str, ...] | None:
    """Return the names of the groups on the path from `root` to `path`, or None if `path` is not inside `root`."""
    if not PurePosixPath(path).is_relative_to(root):
        return None
    steps = PurePosixPath(path).relative_to(root).parts
    return None if ".." in steps else steps


def _read_limit(file: Path) -> int | None:
    """Return a limit in bytes, or None if the file does not exist or does not contain a number (such as "max")."""
    with contextlib.suppress(OSError, ValueError):
        return int(file.read_text("ascii"))
    return None
