"""Write and delete files in any storage. A file appears complete or not at all.

A local file is written to a temporary folder and then moved to its path. A file in a store is one object write.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from transforms.model.records import StagedFile, StoredFile
from transforms.storage import local
from transforms.storage.backends import ranged_backend_of
from transforms.storage.paths import below, is_local, join
from transforms.storage.reading import list_pattern
from transforms.storage.retries import attempt

# The number of objects that are written to a store, or deleted, at the same time. Each request is mostly waiting.
_STORE_WRITERS = 16


def write_pieces(out_dir: str, path: str, pieces: Callable[[], Iterable[bytes]]) -> tuple[int, str]:
    """Write one file that may be larger than memory, and return its size in bytes and its SHA-256.

    Args:
        out_dir: the folder of the dataset.
        path: the path of the file below `out_dir`.
        pieces: returns the content in pieces. It is called once for each try.

    Raises:
        StorageError: the file cannot be written.
    """
    target = join(out_dir, path)
    fill = functools.partial(_fill, pieces)
    return attempt(lambda backend: backend.put(out_dir, target, fill), "write", target)


def _fill(pieces: Callable[[], Iterable[bytes]], file: BinaryIO) -> tuple[int, str]:
    digest = hashlib.sha256()
    for piece in pieces():
        file.write(piece)
        digest.update(piece)
    return file.tell(), digest.hexdigest()


def stage(out_dir: str, data: bytes) -> StagedFile:
    """Write `data` to a temporary file below a local `out_dir`. `write_all` moves it to its path.

    Raises:
        StorageError: the file cannot be written.
    """
    path = attempt(lambda _: local.stage(out_dir, data), "write", join(out_dir, local.TEMPORARY_DIR))
    return StagedFile(path, len(data))


def write_all(out_dir: str, files: Iterable[StoredFile]) -> None:
    """Write or move each file to its path below `out_dir`. On a store, write several at the same time.

    Raises:
        StorageError: a file cannot be written.
    """
    if is_local(out_dir):
        for file in files:
            _write_file(out_dir, file)
        return
    with ThreadPoolExecutor(_STORE_WRITERS) as pool:
        list(pool.map(functools.partial(_write_file, out_dir), files))


def _write_file(out_dir: str, file: StoredFile) -> None:
    if file.staged is None:
        write(out_dir, file.path, file.data)
        return
    staged, target = file.staged.path, join(out_dir, file.path)
    attempt(lambda _: local.move_output(out_dir, staged, target), "write", target)


def move_tree(out_dir: str, source: str, target: str, last: str) -> None:
    """Move a folder below `out_dir`. An interrupted call can be repeated.

    Args:
        out_dir: the folder of the dataset.
        source: the path of the folder below `out_dir`.
        target: its new path. A local folder that exists there is deleted.
        last: the path below `source` of the file that is moved after all others on a store.

    Raises:
        StorageError: a file cannot be moved.
    """
    folder, other = join(out_dir, source), join(out_dir, target)
    if is_local(out_dir):
        delete_tree(other)
        _move(out_dir, folder, other)
        return
    paths = {below(folder, path) for path in list_below(folder)}
    with ThreadPoolExecutor(_STORE_WRITERS) as pool:
        list(pool.map(lambda path: _move(out_dir, join(folder, path), join(other, path)), paths - {last}))
    if last in paths:
        _move(out_dir, join(folder, last), join(other, last))


def _move(out_dir: str, source: str, target: str) -> None:
    attempt(lambda backend: backend.move(out_dir, source, target), "move", source)


def write(out_dir: str, path: str, data: bytes) -> None:
    """Write `data` to the file at `path` below `out_dir`.

    Raises:
        StorageError: the file cannot be written.
    """
    target = join(out_dir, path)
    attempt(lambda backend: backend.write(out_dir, target, data), "write", target)


def delete_all(out_dir: str, paths: Sequence[str]) -> None:
    """Delete files below `out_dir`, and local folders that are then empty. Ignore missing files.

    Raises:
        StorageError: a file exists but cannot be deleted.
    """
    targets = [join(out_dir, path) for path in paths]
    if is_local(out_dir) or len(targets) < 2:
        for target in targets:
            _delete(out_dir, target)
        return
    with ThreadPoolExecutor(_STORE_WRITERS) as pool:
        list(pool.map(lambda target: _delete(out_dir, target), targets))


def _delete(out_dir: str, target: str) -> None:
    attempt(lambda backend: backend.delete(out_dir, target), "delete", target)


def delete_tree(path: str, spare: str | None = None) -> None:
    """Delete a folder, if it exists, with everything in it except the file `spare`.

    Raises:
        StorageError: the folder cannot be deleted.
    """
    if is_local(path):
        attempt(lambda _: local.delete_folder(path, spare), "delete", path)
    else:
        delete_all(path, [below(path, file) for file in list_below(path) if file != spare])


def list_below(folder: str) -> list[str]:
    """Return the paths of all files below a folder, at any depth.

    Raises:
        StorageError: the folder cannot be listed.
    """
    if is_local(folder):
        return [join(parent, name) for parent, _, names in os.walk(folder) for name in names]
    prefix = join(folder, "")
    if store := ranged_backend_of(folder):  # without a pattern, because the folder's name may contain wildcards
        return attempt(lambda _: [path for path, *_ in store.list_range(prefix, "", "")], "list", folder)
    return [path for path, _, _ in list_pattern(f"{prefix}**")]
