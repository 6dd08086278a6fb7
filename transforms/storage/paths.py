"""Paths of files, local or of a store, as strings that lose no character."""

from __future__ import annotations

import re

# The characters with a meaning of their own in a pattern of Beam's file systems.
WILDCARD = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\[([*?\[])\]")


def is_local(path: str) -> bool:
    """Return whether a path is one of the local disk."""
    return "://" not in path


def join(folder: str, path: str) -> str:
    """Return `path` below `folder`; neither loses a character."""
    return f"{folder}{path}" if folder.endswith("/") else f"{folder}/{path}"


def below(folder: str, path: str) -> str:
    """Return the part of `path` that lies below `folder`: the inverse of `join`."""
    return path.removeprefix(join(folder, ""))


def is_inside(path: str, folder: str) -> bool:
    """Return whether `path` lies in `folder` or in one of its sub-folders."""
    return path.startswith(join(folder, ""))


def escaped(path: str) -> str:
    """Return the pattern that matches `path` and nothing else."""
    return WILDCARD.sub(lambda wildcard: f"[{wildcard.group()}]", path)


def unescaped(pattern: str) -> str:
    """Return the path that `escaped` made a pattern of."""
    return _ESCAPED.sub(r"\1", pattern)


def literal_prefix(pattern: str) -> str:
    """Return the part of a pattern before its first wildcard."""
    return WILDCARD.split(pattern, maxsplit=1)[0]
