r"""The ways to write the key of an image in a table.

An image's key is its path below the input without the extension, after its split if there are several. A table may
also contain the key with its extension, with `./` or with `\`, as a full location, or starting at a folder above the
input. These are readings of the key, and the first reading that is the key of an image counts. The shard of a row is
chosen by a hash of the shortest form, which all readings share.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from transforms import storage
from transforms.model.config import ResizeConfig, Split
from transforms.model.file_names import is_candidate
from transforms.model.keys import image_id, key_of

# Occurs only in paths that are not written like keys.
_UNTIDY = re.compile(r"\\|//|^/|/$|(?:^|/)\.\.?(?:/|$)|^file:", re.IGNORECASE)
_FILE_URI = re.compile(r"file:(?://(?:localhost)?(?=/))?", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|/|")


class Keys:
    """Reads the keys of a dataset's tables.

    Args:
        config: the dataset.
    """

    def __init__(self, config: ResizeConfig) -> None:
        self._by_image = config.annotations is not None
        self._splits = [split.name for split in config.splits]
        self._prefixes = {split.name: config.key_prefix(split.name) for split in config.splits}
        roots = [
            (_tidy(root), self._prefixes[split.name])
            for split in config.splits
            for root in (split.root, split.typed_root)
        ]
        self._roots = _longest_first((root, prefix) for root, prefix in roots if root)
        self._starts = {split.name: _starts(split) for split in config.splits}
        above = [(start, self._prefixes[name]) for name, starts in self._starts.items() for start, _ in starts]
        counts = Counter(start for start, _ in above)
        self._above = _longest_first((start, prefix) for start, prefix in above if counts[start] == 1)
        self._first = {start.partition("/")[0] for start, _ in self._above}

    def readings(self, key: str) -> Iterator[str]:
        """Yield the readings of a key: the key as written, then each form with and without its extension."""
        tidy, is_whole = self._below(key)
        for form in dict.fromkeys((key, tidy, tidy if is_whole else self._shortened(tidy))):
            yield form
            if _has_extension(form):
                yield key_of(form)

    def shortest(self, key: str) -> str:
        """Return the form that all readings of a key share."""
        while (shorter := self._shorter(key)) != key:
            key = shorter
        return key

    def of_shard(self, key: str) -> str:
        """Return the form of a key whose hash determines the shard. With annotations it is the ID of the image."""
        shortest = self.shortest(key)
        return image_id(shortest) if self._by_image else shortest

    def _shorter(self, key: str) -> str:
        shorter = self._shortened(self._below(key)[0])
        return key_of(shorter) if _has_extension(shorter) else shorter

    def with_split(self, key: str, split: str) -> tuple[str, str]:
        """Return the split of a row, and its key, which begins with the split if there are several.

        Args:
            key: the key as written in the table.
            split: the split that the row names; "" if it names none.
        """
        if len(self._splits) == 1:
            return self._splits[0], key
        for form in (key, self.shortest(key)):
            if (first := form.partition("/")[0]) in self._splits:
                return first, key
        if split in self._splits:
            return split, f"{split}/{key}"
        return self._splits[0], key  # it matches no image there

    def _below(self, key: str) -> tuple[str, bool]:
        """Return a key with plain slashes, and whether it was a full location, which is then relative to its input."""
        if not _UNTIDY.search(key):
            return key, False
        tidy = _tidy(key)
        for root, prefix in self._roots:
            if storage.is_inside(tidy, root):
                return prefix + storage.below(root, tidy), True
        return tidy.removeprefix("/"), False

    def _shortened(self, key: str) -> str:
        """Return a tidy key without the folders above its input."""
        first, _, rest = key.partition("/")
        if len(self._splits) > 1 and first in self._splits:
            return f"{first}/{_replaced(rest, self._starts[first])}"
        return _replaced(key, self._above) if first in self._first else key


def _starts(split: Split) -> list[tuple[str, str]]:
    """Return the prefixes of paths that begin above a split, each with "" as its replacement."""
    starts = {f"{split.name}/"}
    for root in (split.root, split.typed_root):
        parts = _tidy(root).rpartition("://")[2].strip("/").split("/")
        starts |= {"/".join((*parts[at:], "")) for at in range(len(parts))}
    return _longest_first((start, "") for start in starts - {"/"})


def _longest_first(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(set(pairs), key=lambda pair: (-len(pair[0]), pair))


def _replaced(key: str, starts: Iterable[tuple[str, str]]) -> str:
    """Replace the first matching prefix of a key. Each pair is a prefix and its replacement."""
    for start, replacement in starts:
        if key.startswith(start) and key != start:
            return replacement + key.removeprefix(start)
    return key


def _has_extension(key: str) -> bool:
    return "." in key and is_candidate(key)


def _tidy(path: str) -> str:
    """Return a path with slashes between its parts, and without empty parts, `.` and `..`."""
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
