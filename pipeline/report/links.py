"""Links from the page to the files beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import quote

from pipeline.report.page import Link

# The maximum number of links to the parts of one table.
_MOST = 3
_MEANINGS = {
    "README.md": "the dataset card",
    "summary.json": "all counts and settings",
    "shards.jsonl": "the archives",
    "croissant.json": "machine-readable description of the dataset",
    "LICENSE": "licenses and authors",
    "SHA256SUMS": "checksums of all files",
}
_TABLES = {"manifest": "a row for each image and size", "failures": "a row for each failed image"}


def href(path: str) -> str:
    """Return the address of a file in OUT, relative to the page. Special bytes are written as %XX."""
    return quote(os.fsencode(path))


def file_links(paths: Sequence[str]) -> list[Link]:
    """Return links to the documents of a dataset, and to the first parts of its tables."""
    links = [Link(path, href(path), _MEANINGS[path]) for path in paths if path in _MEANINGS]
    for table, meaning in _TABLES.items():
        parts = [path for path in paths if path.startswith(f"{table}-")]
        links += [Link(path, href(path), meaning) for path in parts[:_MOST]]
        if len(parts) > _MOST:
            links.append(Link(f"{len(parts) - _MOST:,} more parts up to {parts[-1]}", "", meaning))
    return links
