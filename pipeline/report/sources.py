"""The locations of a dataset's sources."""

from __future__ import annotations

from typing import Any

from transforms import storage
from transforms.listing.lists import is_list
from transforms.storage.paths import escaped, literal_prefix, unescaped
from transforms.web.urls import is_web


def location_of(source: str, inputs: dict[str, Any]) -> str | None:
    """Return the path or URL of a source, or None if it is in no input, or comes from a list or the web.

    Args:
        source: its name in the manifest: the path relative to its input, which begins with the split if there are
            several.
        inputs: split -> its pattern.
    """
    split, path = next(iter(inputs), ""), source
    if len(inputs) > 1:
        split, _, path = source.partition("/")
    pattern = inputs.get(split)
    if pattern is None or is_web(pattern) or is_list(unescaped(pattern)):
        return None
    return storage.join(root_of(pattern), path)


def root_of(pattern: str) -> str:
    """Return the folder to which a split's paths are relative.

    If a pattern matches all files of a folder, this is that folder. Otherwise it is the folder part of the pattern
    before any wildcard.
    """
    folder = pattern.removesuffix("/**")
    if folder != pattern and escaped(unescaped(folder)) == folder:
        return unescaped(folder)
    return literal_prefix(pattern).rpartition("/")[0]
