"""The state of a dataset: what a run needs to know about earlier runs. It is stored in up to three places below OUT.

.run/          a folder, during a run, after an interrupted run, and after any run on a store
.run.sqlite    a file, into which a complete local run packs the folder
_run/          a folder of earlier versions, which the next run moves to .run

A later run on a disk reads from the file and writes to the folder, so it need not unpack the file. At its end, it packs
the files that it wrote. A file in the folder takes precedence over the same file in .run.sqlite. So a run may be killed
at any time: packing changes .run.sqlite atomically, and the folder is deleted only afterwards.
"""

from __future__ import annotations

import atexit
import functools
import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from transforms import storage
from transforms.dataset import packed
from transforms.dataset.paths import CONFIG_PATH, LEASE_PATH, LISTED_PATH, PIECES_DIR
from transforms.model.errors import RunError
from transforms.model.records import PACKED_PATH, RUN_DIR
from transforms.storage.paths import escaped
from transforms.storage.retries import attempt

# The number of objects that are written to a store at the same time.
_WRITERS = 16

# The folder of earlier versions and, locally, their lock.
OLD_DIR = "_run"
OLD_LOCK_PATH = f"{OLD_DIR}/lock"

# What no later run needs. The lock of an earlier version may have been moved here.
_NOT_PACKED = (f"{RUN_DIR}/lock", LISTED_PATH, f"{PIECES_DIR}/", f"{storage.TEMPORARY_DIR}/")


def read(out_dir: str, path: str) -> bytes | None:
    """Return the content of a file of the state, or None if there is no such file.

    Args:
        out_dir: OUT.
        path: the path of the file below OUT, as if it were in the folder .run.

    Raises:
        StorageError: the file exists but cannot be read.
        RunError: .run.sqlite is damaged.
    """
    data = storage.read_if_there(storage.join(out_dir, path))
    if data is None and not _is_settled(out_dir):
        data = packed.read(_packed(out_dir), _name(path))
        return storage.read_if_there(storage.join(out_dir, old_path(path))) if data is None else data
    return data


def paths(out_dir: str, prefix: str) -> list[str]:
    """Return the sorted paths of files of the state, as if they were in the folder .run.

    Args:
        out_dir: OUT.
        prefix: the path of a folder below OUT, a slash, and a prefix of the names of files in that folder.

    Raises:
        StorageError: the files cannot be listed.
        RunError: .run.sqlite is damaged.
    """
    folder, beginning = posixpath.split(prefix)
    settled = _is_settled(out_dir)
    places = [folder] if settled else [folder, old_path(folder)]
    found = {f"{folder}/{name}" for place in places for name in _names(storage.join(out_dir, place), beginning)}
    if not settled:
        names = packed.names(_packed(out_dir), _name(prefix))
        found.update(f"{RUN_DIR}/{name}" for name in names if "/" not in name[len(_name(prefix)) :])
    return sorted(found)


def _is_settled(out_dir: str) -> bool:
    """Return whether the whole state is in the folder: on a store, it is once the plan is."""
    return not storage.is_local(out_dir) and storage.exists(storage.join(out_dir, CONFIG_PATH))


def _names(folder: str, beginning: str) -> Iterator[str]:
    """Yield the names of the files in a folder that begin with `beginning`."""
    if not storage.is_local(folder):
        listed = storage.list_pattern(storage.join(escaped(folder), f"{beginning}*"))
        yield from (storage.below(folder, path) for path, _, _ in listed)
    elif os.path.isdir(folder):
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.is_file() and entry.name.startswith(beginning))


def delete(out_dir: str, path: str) -> None:
    """Delete a file of the state. Raise the same errors as `read`."""
    if storage.is_local(out_dir):  # first, since the file in the folder takes precedence as long as it exists
        packed.remove(_packed(out_dir), [_name(path)])
    storage.delete_all(out_dir, [path])


def begin(out_dir: str) -> None:
    """Create the folder .run of a local OUT. A run writes nothing to OUT without it: somebody has deleted OUT then.

    Raises:
        RunError: it is a link. At the end of the run everything in the folder is deleted, whatever the link leads to.
        StorageError: the folder cannot be created.
    """
    if storage.is_local(out_dir):
        folder = storage.join(out_dir, RUN_DIR)
        if os.path.islink(folder):
            raise RunError(f"{folder!r} is a link: replace it with the folder to which it leads, or delete the link")
        attempt(lambda _: os.makedirs(folder, exist_ok=True), "write", folder)


def delete_all(out_dir: str) -> None:
    """Delete the whole state except for the lease of this run.

    Raises:
        StorageError: the state cannot be deleted.
    """
    if storage.is_local(out_dir):
        storage.delete_all(out_dir, [PACKED_PATH])
    storage.delete_tree(storage.join(out_dir, RUN_DIR), spare=storage.join(out_dir, LEASE_PATH))


def pack(out_dir: str) -> None:
    """Pack the folder of a local OUT into .run.sqlite, then delete the folder.

    Raises:
        StorageError, RunError: the folder cannot be packed. It is kept and takes precedence.
    """
    folder = storage.join(out_dir, RUN_DIR)
    files = [path for path in storage.list_below(folder) if not storage.below(out_dir, path).startswith(_NOT_PACKED)]
    if not os.path.lexists(_packed(out_dir)):
        storage.write(out_dir, PACKED_PATH, packed.empty())
    packed.add(_packed(out_dir), ((storage.below(folder, path), storage.read(path)) for path in files))
    storage.delete_tree(folder)


def settle(out_dir: str) -> None:
    """Move the state to where a run expects it: the folder of an earlier version, and on a store a packed state.

    A folder on a disk is moved as a whole. On a store, the plan is moved last, and the next run continues an
    interrupted move. The objects of an earlier version are moved within the store.

    Raises:
        StorageError: the state cannot be moved.
        RunError: .run.sqlite is damaged.
    """
    if _is_old(out_dir):
        storage.move_tree(out_dir, OLD_DIR, RUN_DIR, last=_name(CONFIG_PATH))
    if not storage.is_local(out_dir):
        _unpack(out_dir)


def _unpack(out_dir: str) -> None:
    """Unpack a state in a store. It is packed if the dataset was completed on a disk and then copied to the store."""
    if not _is_settled(out_dir):
        path, plan = _packed(out_dir), _name(CONFIG_PATH)

        def unpack(name: str) -> None:
            storage.write(out_dir, f"{RUN_DIR}/{name}", packed.read(path, name) or b"")

        names = packed.names(path, "")
        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(unpack, (name for name in names if name != plan)))
        if plan in names:
            unpack(plan)
    storage.delete_all(out_dir, [PACKED_PATH])


def _is_old(out_dir: str) -> bool:
    """Return whether there is a state of an earlier version. A folder of images may have the same name."""
    own = [old_path(CONFIG_PATH), *([OLD_LOCK_PATH] if storage.is_local(out_dir) else [])]
    return any(storage.size(storage.join(out_dir, path)) is not None for path in own)


def old_path(path: str) -> str:
    """Return the path at which earlier versions stored the file or folder of the state that is now at `path`."""
    return OLD_DIR + path.removeprefix(RUN_DIR)


def _packed(out_dir: str) -> str:
    """Return the path of .run.sqlite, or of a local copy if OUT is on a store. The file may not exist."""
    path = storage.join(out_dir, PACKED_PATH)
    if storage.is_local(out_dir):
        return path
    found = storage.list_pattern(escaped(path))
    return _copy(*found[0]) if found else ""


@functools.lru_cache(maxsize=1)
def _copy(path: str, _size: int, _version: float) -> str:
    """Copy a file from a store to a temporary file, which is deleted at exit, and return its path."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with storage.open_file(path) as source, open(os.path.join(folder, "packed"), "wb") as file:
        shutil.copyfileobj(source, file)
    return file.name


def _name(path: str) -> str:
    return path.removeprefix(f"{RUN_DIR}/")
