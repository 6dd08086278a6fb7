"""Paths of local files and of objects in stores, as strings that are never normalized."""

from __future__ import annotations

import re

# The special characters in patterns of Beam's file systems.
WILDCARD = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\[([*?\[])\]")


def is_local(path: str) -> bool:
    """Return whether a path is on the local disk."""
    return "://" not in path


def join(folder: str, path: str) -> str:
    """Return `path` below `folder`. Both are kept character by character."""
    return f"{folder}{path}" if folder.endswith("/") else f"{folder}/{path}"


def below(folder: str, path: str) -> str:
    """Return `path` relative to `folder`: the inverse of `join`."""
    return path.removeprefix(join(folder, ""))


def is_inside(path: str, folder: str) -> bool:
    """Return whether `path` is in `folder` or in one of its subfolders."""
    return path.startswith(join(folder, ""))


def escaped(path: str) -> str:
    """Return the pattern that matches `path` and nothing else."""
    return WILDCARD.sub(lambda wildcard: f"[{wildcard.group()}]", path)


def unescaped(pattern: str) -> str:
    """Return the path from which `escaped` created a pattern."""
    return _ESCAPED.sub(r"\1", pattern)


def literal_prefix(pattern: str) -> str:
    """Return the part of a pattern before its first wildcard."""
    return WILDCARD.split(pattern, maxsplit=1)[0]
