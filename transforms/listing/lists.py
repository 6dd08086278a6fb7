"""Lists of images: files with one row for each image, which contains its path or web address.

A list is a text file with one line for each image, or a table with a column of locations. It is read row by row.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import tempfile
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import urljoin

from transforms import storage
from transforms.imaging.errors import Kind
from transforms.model.config import ListColumns, ResizeConfig, WebPolicy
from transforms.model.errors import RunError, StorageError
from transforms.model.json_lines import json_line
from transforms.model.places import ListRow, Place, UnreadableRow
from transforms.model.records import Value
from transforms.sources import hashes
from transforms.storage.paths import escaped, unescaped
from transforms.tables.readers import INDEX_NAME, RESERVED, key_in, plain_cell, read_cells
from transforms.web.errors import FetchError
from transforms.web.urls import extension_path, is_web, path_of, problem_of, safe_path

# The columns that may contain the locations of the images, if no flag names the column. The first one found is used.
URL_COLUMNS = ("url", "URL", "image_url", "OriginalURL", "path", "file_name")

_NAME = re.compile(r".*\.(?:(?:txt|csv|tsv|jsonl)(?:\.gz)?|parquet)", re.IGNORECASE | re.DOTALL)


# The locations that the operating system and a request can encode.
_NAMEABLE = re.compile(r"[^\x00\ud800-\udc7f\udd00-\udfff]+")


class Entry(NamedTuple):
    """A row of a list.

    Args:
        path: the path of the image below the input. Its key is this path without the extension of an image.
        location: the path or web address of the image.
        place: the row and its hash, or the reason why the row cannot be used.
        cells: its additional columns.
    """

    path: str
    location: str
    place: Place
    cells: dict[str, Value]


def is_list(path: str) -> bool:
    """Return whether a file has the name of a list of images."""
    return _NAME.fullmatch(extension_path(path)) is not None


def read_entries(location: str, root: str, columns: ListColumns, web: WebPolicy) -> Iterator[Entry]:
    """Yield the rows of a list.

    Args:
        location: the path or web address of the list.
        root: the root of its split.
        columns: the names of the columns that flags select.
        web: how to download the list if it is on the web.

    Raises:
        StorageError: the list cannot be read.
        RunError: the file is not a list, or a column is missing.
    """
    where, list_ = f"-i {location!r}", _List(location, storage.below(root, location))
    for number, cells in enumerate(read_cells(location, where, opened(location, web)), 1):
        yield _entry(number, cells, _names(cells, columns, where), list_)


class _List(NamedTuple):
    """A list: its location, and its path below the input, which is unique among the lists of the input."""

    location: str
    path: str


class _Names(NamedTuple):
    """The names of the columns with the location, the key and the hash; "" for none."""

    url: str
    key: str
    hash: str


def left_out(cells: Collection[str]) -> list[str]:
    """Return the columns of a list that are left out, because the dataset uses their names or they have no name."""
    return [name for name in cells if name in RESERVED or INDEX_NAME.fullmatch(name)]


@contextlib.contextmanager
def opened(location: str, web: WebPolicy) -> Iterator[BinaryIO]:
    """Open a list. Download a list on the web to a temporary file first.

    Raises:
        StorageError: the list cannot be read.
    """
    if not is_web(location):
        with storage.open_file(location) as file:
            yield file
        return
    from transforms.web.client import fetch  # loads urllib3, which most runs do not need

    with tempfile.TemporaryFile() as copy:
        try:
            fetch(location, web, copy, is_list=True)
        except FetchError as error:
            raise StorageError(f"cannot read {location!r}: {error.message}", error.message) from error
        copy.seek(0)
        yield copy


def _names(cells: Collection[str], columns: ListColumns, where: str) -> _Names:
    """Return the names of the columns to use in a list whose rows have these cells.

    Raises:
        RunError: a column is missing.
    """
    there = ", ".join(map(repr, cells))
    url = columns.url_column or next((name for name in URL_COLUMNS if name in cells), "")
    if not url:
        raise RunError(
            f"{where} has no column {URL_COLUMNS[0]!r} with the images' addresses: use --url_column with one of {there}"
        )
    names = _Names(url, columns.key_column, columns.verify_hash)
    for flag, name in zip(("url_column", "key_column", "verify_hash"), names, strict=True):
        if name and name not in cells:
            raise RunError(f"--{flag} {name!r} is not a column of {where}: use one of {there}")
    return names


def _entry(number: int, cells: dict[str, Any], names: _Names, list_: _List) -> Entry:
    location, line = list_.location, getattr(cells[names.url], "line", 0)
    named = key_in(cells[names.url]) or ""
    target, problem = _target(named.strip(), location)
    path = _path(cells, names, target, location) if not problem else ""
    if not problem and not path:
        problem = f"it has no key in column {names.key!r}" if names.key else "it does not name a file"
    expected = ""
    if names.hash and not problem:
        text = key_in(cells[names.hash]) or ""
        expected = hashes.hexadecimal(text) or ""
        if not expected:
            problem = f"{text!r} in column {names.hash!r} is not an MD5, SHA-1, SHA-256 or SHA-512 hash"
    others = {name: plain_cell(cell) for name, cell in cells.items() if name not in left_out([name])}
    others.pop(names.key, None)
    if problem:
        message = f"{f'line {line:,}' if line else f'row {number:,}'} of {list_.path!r}: {problem}"
        fallback = f"{safe_path(list_.path)}-row-{number}"
        return Entry(path or fallback, "", UnreadableRow(Kind.REFUSED, message, number, list_.path), others)
    row = ListRow(number, expected, json_line(others).decode().rstrip("\n"), list_.path, line)
    return Entry(path, target, row, others)


def _path(cells: dict[str, Any], names: _Names, target: str, location: str) -> str:
    """Return the path of an image below the input: its key if a column contains keys, else a part of its location."""
    if names.key:
        return safe_path(key_in(cells[names.key]) or "")
    if is_web(target):
        return path_of(target)
    folder = posixpath.dirname(location)
    if storage.is_inside(target, folder):
        return safe_path(storage.below(folder, target))
    return safe_path(target.partition("://")[2] or target)


def _target(named: str, location: str) -> tuple[str, str]:
    """Return the location of an image in a list, and what is wrong with it, or "".

    A location without a scheme is relative to the list. A list on the web or in a store must not refer to files of this
    machine.
    """
    if not named:
        return "", "it does not name a file"
    if not _NAMEABLE.fullmatch(named):
        return "", f"{named!r} cannot be the name of a file"
    if is_web(named):
        return named, f"{named!r} {problem}" if (problem := problem_of(named)) else ""
    if storage.has_scheme(named):
        return named, f"{named!r} {problem}" if (problem := storage.problem_of_file(named)) else ""
    if is_web(location):
        return _beside(location, named)
    if not storage.is_local(location):
        if named.startswith("/"):
            return "", f"{named!r} is a local path, but the list is in an object store"
        return _resolved(posixpath.dirname(location), named), ""
    return os.path.normpath(os.path.join(posixpath.dirname(location), named)), ""


def _beside(location: str, named: str) -> tuple[str, str]:
    """Resolve `named` relative to a list on the web. Return the web address, and what is wrong with it, or ""."""
    try:
        target = urljoin(location, named)
    except ValueError as error:
        return "", f"{named!r} is not a web address ({error})"
    problem = problem_of(target) if is_web(target) else "is not a web address, but the list is on the web"
    return target, f"{named!r} {problem}" if problem else ""


def _resolved(folder: str, named: str) -> str:
    scheme, _, rest = folder.partition("://")
    bucket, _, prefix = rest.partition("/")
    return f"{scheme}://{bucket}/{posixpath.normpath(f'/{prefix}/{named}').lstrip('/')}"


def check_lists(pattern: str, config: ResizeConfig) -> list[str]:
    """Read the first row of each list that matches a pattern, and return the columns that are left out.

    Raises:
        StorageError: a list cannot be read.
        RunError: a file is not a list, a column is missing, or all lists are empty.
    """
    dropped: dict[str, None] = {}
    is_empty = True
    for location in locations(pattern):
        where = f"-i {location!r}"
        rows = read_cells(location, where, opened(location, config.web))
        if cells := next(rows, None):
            is_empty = False
            _names(cells, config.list_columns, where)
            dropped |= dict.fromkeys(left_out(cells))
    if is_empty:
        raise RunError(f"-i {unescaped(pattern)!r} does not name any images: use a list with a row for each image")
    return list(dropped)


def locations(pattern: str) -> list[str]:
    """Return the sorted locations of the lists that match a pattern. A web address matches only itself."""
    if is_web(pattern):
        return [pattern]
    if escaped(path := unescaped(pattern)) == pattern:
        return [path]
    return sorted(path for path, _, _ in storage.list_pattern(pattern))
