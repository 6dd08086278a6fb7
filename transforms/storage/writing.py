"""Write and delete files of any storage. A file appears complete or not at all.

Locally it is written in a temporary folder and moved to its place; on a store it is one object write.
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

# Objects that are written to a store, or deleted, at the same time: each request is mostly waiting.
_STORE_WRITERS = 16


def write_pieces(out_dir: str, path: str, pieces: Callable[[], Iterable[bytes]]) -> tuple[int, str]:
    """Write one file that may be larger than memory, and return its size in bytes and its SHA-256.

    Args:
        out_dir: folder of the dataset.
        path: path of the file below `out_dir`.
        pieces: returns the content in pieces, once for each try.

    Raises:
        StorageError: it cannot be written.
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
    """Write a temporary file of a local `out_dir` that holds `data`. `write_all` moves it to its place.

    Raises:
        StorageError: it cannot be written.
    """
    path = attempt(lambda _: local.stage(out_dir, data), "write", join(out_dir, local.TEMPORARY_DIR))
    return StagedFile(path, len(data))


def write_all(out_dir: str, files: Iterable[StoredFile]) -> None:
    """Write or move each file to its path below `out_dir`, on a store several at a time.

    Raises:
        StorageError: one of them cannot be written.
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
    """Give a folder below `out_dir` another name. A call that was interrupted can be repeated.

    Args:
        out_dir: folder of the dataset.
        source: path of the folder below `out_dir`.
        target: its new path. What lies there locally is deleted.
        last: path below `source` of the file that a store moves after all others.

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
    """Write one file at `path` below `out_dir`.

    Raises:
        StorageError: it cannot be written.
    """
    target = join(out_dir, path)
    attempt(lambda backend: backend.write(out_dir, target, data), "write", target)


def delete_all(out_dir: str, paths: Sequence[str]) -> None:
    """Delete files below `out_dir`, and locally the folders that this leaves empty. Ignore files that are missing.

    Raises:
        StorageError: one is there and cannot be deleted.
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
    """Delete a folder, if it is there, with everything in it except the file `spare`.

    Raises:
        StorageError: it cannot be deleted.
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
    if store := ranged_backend_of(folder):  # not by a pattern: the folder's own name may hold wildcards
        return attempt(lambda _: [path for path, *_ in store.list_range(prefix, "", "")], "list", folder)
    return [path for path, _, _ in list_pattern(f"{prefix}**")]
