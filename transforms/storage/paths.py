"""Paths of files, local ones and those of stores, as texts that lose no character."""

from __future__ import annotations

import re

# What means something else than itself in a pattern of Beam's file systems.
WILDCARD = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\[([*?\[])\]")


def is_local(path: str) -> bool:
    """Whether a path is one of the local disk."""
    return "://" not in path


def join(folder: str, path: str) -> str:
    """`path` below `folder`; neither loses a character."""
    return f"{folder}{path}" if folder.endswith("/") else f"{folder}/{path}"


def below(folder: str, path: str) -> str:
    """The inverse of `join`: the part of `path` that lies below `folder`."""
    return path.removeprefix(join(folder, ""))


def is_inside(path: str, folder: str) -> bool:
    """Whether `path` lies in `folder` or in one of its sub-folders."""
    return path.startswith(join(folder, ""))


def escaped(path: str) -> str:
    """The pattern that matches a path alone."""
    return WILDCARD.sub(lambda wildcard: f"[{wildcard.group()}]", path)


def unescaped(pattern: str) -> str:
    """The inverse of `escaped`."""
    return _ESCAPED.sub(r"\1", pattern)


def literal_prefix(pattern: str) -> str:
    """The part of a pattern before its first wildcard."""
    return WILDCARD.split(pattern, maxsplit=1)[0]
