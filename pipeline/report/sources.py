"""Where the sources of a dataset are."""

from __future__ import annotations

from typing import Any

from transforms import storage
from transforms.listing.lists import is_list
from transforms.storage.paths import escaped, literal_prefix, unescaped
from transforms.web.urls import is_web


def location_of(source: str, inputs: dict[str, Any]) -> str | None:
    """Return the path or URL of a source; None if no input holds it, or a list or the web does.

    Args:
        source: its name in the manifest: the path below its input, after the name of the split if there are several.
        inputs: the pattern of each split.
    """
    split, path = next(iter(inputs), ""), source
    if len(inputs) > 1:
        split, _, path = source.partition("/")
    pattern = inputs.get(split)
    if pattern is None or is_web(pattern) or is_list(unescaped(pattern)):
        return None
    return storage.join(root_of(pattern), path)


def root_of(pattern: str) -> str:
    """Return the folder that a split's paths are relative to.

    That is the folder itself for a pattern of all its files, and otherwise the part of the pattern before any wildcard.
    """
    folder = pattern.removesuffix("/**")
    if folder != pattern and escaped(unescaped(folder)) == folder:
        return unescaped(folder)
    return literal_prefix(pattern).rpartition("/")[0]
