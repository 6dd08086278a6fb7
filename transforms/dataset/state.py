"""The state of a dataset: what a run must know of earlier ones. It lies in one of three places below OUT.

.run/          a folder, while a run is at work, after one that was interrupted, and always on a store
.run.sqlite    a file, in which a local run that is complete packs the folder
_run/          a folder of earlier versions, which the next run moves to .run

A later run reads from the file and writes to the folder, so that nothing is ever unpacked, and packs what it wrote.
**A file of the folder counts before the same file of .run.sqlite.** So it does not matter when a run is killed: while
it packs, .run.sqlite changes as a whole, and only then the folder is deleted, whose files are in both by then.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator

from transforms import storage
from transforms.dataset import packed
from transforms.dataset.paths import CONFIG_PATH, LEASE_PATH, PIECES_DIR
from transforms.model.records import PACKED_PATH, RUN_DIR
from transforms.storage.paths import escaped

# The folder and, locally, the lock of earlier versions.
OLD_DIR = "_run"
OLD_LOCK_PATH = f"{OLD_DIR}/lock"

# What no later run needs; the lock of an earlier version may have been moved.
_NOT_PACKED = (f"{RUN_DIR}/lock", f"{PIECES_DIR}/", f"{storage.TEMPORARY_DIR}/")


def read(out_dir: str, path: str) -> bytes | None:
    """Return the content of a file of the state, or None if there is no such file.

    Args:
        out_dir: OUT.
        path: of the file below OUT, as if it lay in the folder.

    Raises:
        StorageError: it is there and cannot be read.
        RunError: .run.sqlite is damaged.
    """
    data = storage.read_if_there(storage.join(out_dir, path))
    if data is None and storage.is_local(out_dir):
        data = packed.read(_packed(out_dir), _name(path))
    return storage.read_if_there(storage.join(out_dir, old_path(path))) if data is None else data


def paths(out_dir: str, prefix: str) -> list[str]:
    """Return the paths of some files of the state, sorted, as if they lay in the folder.

    Args:
        out_dir: OUT.
        prefix: the path of a folder below OUT, a slash, and the beginning of the names of files in that folder.

    Raises:
        StorageError: they cannot be listed.
        RunError: .run.sqlite is damaged.
    """
    folder, beginning = posixpath.split(prefix)
    found = {
        f"{folder}/{name}"
        for place in (folder, old_path(folder))
        for name in _names(storage.join(out_dir, place), beginning)
    }
    if storage.is_local(out_dir):
        names = packed.names(_packed(out_dir), _name(prefix))
        found.update(f"{RUN_DIR}/{name}" for name in names if "/" not in name[len(_name(prefix)) :])
    return sorted(found)


def _names(folder: str, beginning: str) -> Iterator[str]:
    """Yield the names of the files of one folder that begin with `beginning`."""
    if not storage.is_local(folder):
        listed = storage.list_pattern(storage.join(escaped(folder), f"{beginning}*"))
        yield from (storage.below(folder, path) for path, _, _ in listed)
    elif os.path.isdir(folder):
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.is_file() and entry.name.startswith(beginning))


def delete(out_dir: str, path: str) -> None:
    """Delete a file of the state. Raise as `read` does."""
    if storage.is_local(out_dir):  # first, since the file of the folder counts as long as it is there
        packed.remove(_packed(out_dir), [_name(path)])
    storage.delete_all(out_dir, [path])


def begin(out_dir: str) -> None:
    """Make the folder of a local OUT, without which nothing is written to OUT: somebody has deleted it then.

    Raises:
        OSError: it cannot be made.
    """
    if storage.is_local(out_dir):
        os.makedirs(storage.join(out_dir, RUN_DIR), exist_ok=True)


def delete_all(out_dir: str) -> None:
    """Delete the whole state, but not the lease of this run.

    Raises:
        StorageError: it cannot be deleted.
    """
    if storage.is_local(out_dir):
        storage.delete_all(out_dir, [PACKED_PATH])
    storage.delete_tree(storage.join(out_dir, RUN_DIR), spare=storage.join(out_dir, LEASE_PATH))


def pack(out_dir: str) -> None:
    """Pack the folder of a local OUT into .run.sqlite, and delete it.

    Raises:
        StorageError, RunError: it cannot be packed; it stays, and counts.
    """
    folder = storage.join(out_dir, RUN_DIR)
    files = [path for path in storage.list_below(folder) if not storage.below(out_dir, path).startswith(_NOT_PACKED)]
    if not os.path.lexists(_packed(out_dir)):
        storage.write(out_dir, PACKED_PATH, packed.empty())
    packed.add(_packed(out_dir), ((storage.below(folder, path), storage.read(path)) for path in files))
    storage.delete_tree(folder)


def move_old(out_dir: str) -> None:
    """Move the state of an earlier version to where this version has it; do nothing if there is none.

    So there is one place for it, on a store too, where no byte leaves the store for it. The folder on the disk is
    moved as a whole; on a store the plan comes last, and the next run goes on with what was interrupted.

    Raises:
        StorageError: it cannot be moved.
    """
    if _is_old(out_dir):
        storage.move_tree(out_dir, OLD_DIR, RUN_DIR, last=_name(CONFIG_PATH))


def _is_old(out_dir: str) -> bool:
    """Return whether there is a state of an earlier version; a folder of images may have the same name."""
    own = [old_path(CONFIG_PATH), *([OLD_LOCK_PATH] if storage.is_local(out_dir) else [])]
    return any(storage.size(storage.join(out_dir, path)) is not None for path in own)


def old_path(path: str) -> str:
    """Return where earlier versions had the file or folder of the state that this version has at `path`."""
    return OLD_DIR + path.removeprefix(RUN_DIR)


def _packed(out_dir: str) -> str:
    return storage.join(out_dir, PACKED_PATH)


def _name(path: str) -> str:
    return path.removeprefix(f"{RUN_DIR}/")
