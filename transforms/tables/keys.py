r"""The ways to write the key of an image in a table.

An image's key is its path below the input without its extension, after its split where there are several. A table may
also write it with its extension, with `./` or with `\`, as a whole location, or from a folder above the input on. What
is written goes by the first of these readings that is the key of an image; the shard where that is decided is a hash
of the shortest form, which is the same for all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from transforms import storage
from transforms.imaging.naming import is_tried, key_of
from transforms.model.config import ResizeConfig, Split

# What only paths have that are written in another way than keys.
_UNTIDY = re.compile(r"\\|//|^/|/$|(?:^|/)\.\.?(?:/|$)|^file:", re.IGNORECASE)
_FILE_URI = re.compile(r"file:(?://(?:localhost)?(?=/))?", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|/|")


class Keys:
    """Reads the keys of a dataset's tables.

    Args:
        config: the dataset.
    """

    def __init__(self, config: ResizeConfig) -> None:
        self._splits = [split.name for split in config.splits]
        self._prefixes = {split.name: config.key_prefix(split.name) for split in config.splits}
        self._roots = [
            (_tidy(root), self._prefixes[split.name])
            for split in config.splits
            for root in (split.root, split.typed_root)
        ]
        self._roots = _longest_first(one for one in self._roots if one[0])
        self._starts = {split.name: _starts(split) for split in config.splits}
        above = [(start, self._prefixes[name]) for name, starts in self._starts.items() for start, _ in starts]
        counts = Counter(start for start, _ in above)
        self._above = _longest_first(one for one in above if counts[one[0]] == 1)
        self._first = {start.partition("/")[0] for start, _ in self._above}

    def readings(self, key: str) -> Iterator[str]:
        """Yield what a key may stand for, first as it is written, then each form with and without extension."""
        tidy, is_whole = self._below(key)
        for form in dict.fromkeys((key, tidy, tidy if is_whole else self._shortened(tidy))):
            yield form
            if _has_extension(form):
                yield key_of(form)

    def shortest(self, key: str) -> str:
        """Return the form that all ways to write a key have in common."""
        while (shorter := self._shorter(key)) != key:
            key = shorter
        return key

    def _shorter(self, key: str) -> str:
        shorter = self._shortened(self._below(key)[0])
        return key_of(shorter) if _has_extension(shorter) else shorter

    def with_split(self, key: str, named: str) -> tuple[str, str]:
        """Return the split of a row, and its key with the split before it where there are several.

        Args:
            key: as it is written.
            named: the split that the row names, "" for none.
        """
        if len(self._splits) == 1:
            return self._splits[0], key
        for form in (key, self.shortest(key)):
            if (first := form.partition("/")[0]) in self._splits:
                return first, key
        if named in self._splits:
            return named, f"{named}/{key}"
        return self._splits[0], key  # it finds no image there

    def _below(self, key: str) -> tuple[str, bool]:
        """Return a key with plain slashes, and whether it was a whole location; then it begins below its input."""
        if not _UNTIDY.search(key):
            return key, False
        tidy = _tidy(key)
        for root, prefix in self._roots:
            if storage.is_inside(tidy, root):
                return prefix + storage.below(root, tidy), True
        return tidy.removeprefix("/"), False

    def _shortened(self, key: str) -> str:
        """Return a tidy key without the folders above its input that it begins with."""
        first, _, rest = key.partition("/")
        if len(self._splits) > 1 and first in self._splits:
            return f"{first}/{_replaced(rest, self._starts[first])}"
        return _replaced(key, self._above) if first in self._first else key


def _starts(split: Split) -> list[tuple[str, str]]:
    """Return what paths in a split begin with if they begin above it, and nothing to begin with instead."""
    starts = {f"{split.name}/"}
    for root in (split.root, split.typed_root):
        parts = _tidy(root).rpartition("://")[2].strip("/").split("/")
        starts |= {"/".join((*parts[at:], "")) for at in range(len(parts))}
    return _longest_first((start, "") for start in starts - {"/"})


def _longest_first(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(set(pairs), key=lambda pair: (-len(pair[0]), pair))


def _replaced(key: str, starts: Iterable[tuple[str, str]]) -> str:
    """Return a key whose start is replaced if it is one of these."""
    for start, instead in starts:
        if key.startswith(start) and key != start:
            return instead + key.removeprefix(start)
    return key


def _has_extension(key: str) -> bool:
    return "." in key and is_tried(key)


def _tidy(path: str) -> str:
    """Return a path with slashes between its parts, and without parts that lead nowhere."""
    path = path.replace("\\", "/")
    if uri := _FILE_URI.match(path):
        path = unquote(path[uri.end() :], errors="surrogateescape")
    scheme = _SCHEME.match(path)
    start = scheme.group() if scheme else ""
    parts: list[str] = []
    for part in path[len(start) :].split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return start + "/".join(parts)
