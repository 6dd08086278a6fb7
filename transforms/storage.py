"""Whole files, on the local disk or on any of Beam's file systems.

A file appears complete or not at all: locally it is written in a temporary folder and moved to its
place, on a store it is one object write. Local paths do without Beam, so that a command line can be
refused before Beam is loaded.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import random
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from loguru import logger

from transforms import gcs
from transforms.elements import RUN_DIR, StoredFile
from transforms.errors import RunError, StorageError

if TYPE_CHECKING:
    from apache_beam.io.filesystems import FileSystems

T = TypeVar("T")

# Where files are written before they are moved to their place, below OUT.
TEMPORARY_DIR = f"{RUN_DIR}/tmp"

# A client of Google's asks for the project's number of each bucket that it reads, for traces that nobody takes.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "1")

# Waits in seconds before another try at what failed for no lasting reason; with a store half to one and a
# half times as long, so that the thousands who were refused at once do not come back at once.
_BACK_OFF = (0.1, 0.5)
_STORE_BACK_OFF = (1, 4, 16)
# What another try will not change.
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_LASTING_CODES = frozenset({errno.EINVAL, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP})
# Objects written at the same time to a store, where each takes long and none takes work.
_STORE_WRITERS = 16


def set_options(beam_args: Sequence[str]) -> None:
    """How stores are reached in this process: credentials, projects and the like, in Beam's flags."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    FileSystems.set_options(PipelineOptions(list(beam_args)))


def is_local(path: str) -> bool:
    """Whether a path is one of the local disk."""
    return "://" not in path


def join(folder: str, path: str) -> str:
    """`path` below `folder`; neither loses a character."""
    return f"{folder}{path}" if folder.endswith("/") else f"{folder}/{path}"


def below(folder: str, path: str) -> str:
    """The inverse of `join`: the part of `path` that lies below `folder`."""
    return path.removeprefix(join(folder, ""))


def is_inside(path: str, folder: str) -> bool:
    """Whether `path` lies in `folder` or in one of its sub-folders."""
    return path.startswith(join(folder, ""))


def read(path: str) -> bytes:
    """A whole file.

    Raises:
        StorageError: it cannot be read, also after further tries where they make sense.
    """
    return _with_retries(lambda: _read_once(path), "read", path)


@contextlib.contextmanager
def open_file(path: str) -> Iterator[BinaryIO]:
    """A file to read piece by piece.

    Raises:
        StorageError: it cannot be opened.
    """
    from apache_beam.io.filesystem import CompressionTypes

    opened = functools.partial(_file_systems(path).open, path, compression_type=CompressionTypes.UNCOMPRESSED)
    with _with_retries(opened, "read", path) as file:
        yield file


def read_if_there(path: str) -> bytes | None:
    """A whole file, or None where there is none.

    Raises:
        StorageError: it is there and cannot be read.
    """
    try:
        return read(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def exists(path: str) -> bool:
    """Whether a file or folder is there."""
    if is_local(path):
        return os.path.exists(path)
    if gcs.is_object(path):
        return size(path) is not None
    return bool(_with_retries(lambda: _file_systems(path).exists(path), "look up", path))


def is_folder(path: str) -> bool:
    """Whether a path is a folder of the local disk; a store has none."""
    return is_local(path) and os.path.isdir(path)


def size(path: str) -> int | None:
    """How many bytes a file has; None where there is none.

    Raises:
        StorageError: it cannot be looked up.
    """
    if gcs.is_object(path):
        return _with_retries(lambda: gcs.size(path), "look up", path)
    if is_local(path):
        return os.stat(path).st_size if os.path.isfile(path) else None
    found = list_pattern(path)
    return found[0][1] if found else None


def write_pieces(out_dir: str, path: str, pieces: Callable[[], Iterable[bytes]]) -> tuple[int, str]:
    """Stores one file that may be larger than memory, whole or not at all; gives its bytes and their SHA-256.

    Args:
        out_dir: the dataset's folder.
        path: of the file below it.
        pieces: gives what the file is made of, anew for each try.

    Raises:
        StorageError: it cannot be written.
    """
    target = join(out_dir, path)
    fill = functools.partial(_fill, pieces)
    put = functools.partial(_put_local, out_dir) if is_local(out_dir) else _put_spooled
    return _with_retries(lambda: put(target, fill), "write", target)


def write_all(out_dir: str, files: Iterable[StoredFile]) -> None:
    """Stores each file at its path below `out_dir`; on a store several at a time.

    Raises:
        StorageError: one of them cannot be written.
    """
    if is_local(out_dir):
        for file in files:
            write(out_dir, file.path, file.data)
        return
    with ThreadPoolExecutor(_STORE_WRITERS) as pool:
        list(pool.map(lambda file: write(out_dir, file.path, file.data), files))


def write(out_dir: str, path: str, data: bytes) -> None:
    """Stores one file at `path` below `out_dir`, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    target = join(out_dir, path)
    if is_local(out_dir):
        _with_retries(lambda: _put_local(out_dir, target, lambda file: file.write(data)), "write", target)
    else:
        put = gcs.write if gcs.is_object(target) else _put_object
        _with_retries(lambda: put(target, data), "write", target)


def delete_all(out_dir: str, paths: Sequence[str]) -> None:
    """Deletes files below `out_dir`, and locally the folders that this leaves empty. Missing ones are no error.

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
    _with_retries(lambda: _delete_once(out_dir, target), "delete", target)


def delete_tree(path: str, spare: str | None = None) -> None:
    """Deletes a folder with all that it holds, but not the file `spare` in it; a missing one is no error.

    Raises:
        StorageError: it cannot be deleted.
    """
    if is_local(path):
        if os.path.lexists(path):
            _with_retries(lambda: _delete_folder(path, spare), "delete", path)
    else:
        delete_all(path, [below(path, one) for one in list_below(path) if one != spare])


def _delete_folder(path: str, spare: str | None) -> None:
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.path != spare:
            with contextlib.suppress(FileNotFoundError):  # moved to its place meanwhile
                os.remove(entry.path)
    if spare is None:
        os.rmdir(path)


def list_below(folder: str) -> list[str]:
    """The paths of all files below a folder of a store.

    Raises:
        StorageError: the folder cannot be listed.
    """
    prefix = join(folder, "")
    if gcs.is_object(folder):  # as it is: with a wildcard in its name it would be a pattern
        return _with_retries(lambda: [path for path, _, _ in gcs.list_range(prefix, "", "")], "list", folder)
    return [path for path, _, _ in list_pattern(f"{prefix}**")]


def matches(pattern: str) -> bool:
    """Whether a store has any file that a pattern matches.

    Raises:
        StorageError: the store does not answer, or refuses.
    """
    return bool(list_pattern(pattern, 1))


def list_pattern(pattern: str, limit: int | None = None) -> list[tuple[str, int, float]]:
    """(path, bytes, seconds since 1970 of the last change) of the files that a pattern matches, in one go.

    Raises:
        StorageError: they cannot be listed.
    """
    found = _with_retries(lambda: _file_systems(pattern).match([pattern], [limit])[0].metadata_list, "list", pattern)
    return [(one.path, one.size_in_bytes, one.last_updated_in_seconds or 0.0) for one in found]


def _read_once(path: str) -> bytes:
    if is_local(path):
        return _read_local(path)
    if gcs.is_object(path):
        return gcs.read(path)
    from apache_beam.io.filesystem import CompressionTypes

    with _file_systems(path).open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        return file.read()


def _read_local(path: str) -> bytes:
    # A pipe or a device by an image's name would be waited for, or never end.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return file.read()


def _put_local(out_dir: str, target: str, fill: Callable[[BinaryIO], T]) -> T:
    temporary = join(out_dir, f"{TEMPORARY_DIR}/{uuid.uuid4().hex}")
    try:
        try:
            file = open(temporary, "xb")  # noqa: SIM115  # closed below
        except FileNotFoundError:
            _make_temporary_dir(out_dir)
            file = open(temporary, "xb")  # noqa: SIM115  # closed below
        with file:
            filled = fill(file)
        try:
            os.replace(temporary, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(temporary, target)
    except OSError:
        if os.path.lexists(temporary):
            os.remove(temporary)
        raise
    return filled


def _put_spooled(target: str, fill: Callable[[BinaryIO], T]) -> T:
    with tempfile.TemporaryFile() as file:
        filled = fill(file)
        file.seek(0)
        if gcs.is_object(target):
            gcs.write_file(target, file)
        else:
            with _create(target) as target_file:
                shutil.copyfileobj(file, target_file)
    return filled


def _fill(pieces: Callable[[], Iterable[bytes]], file: BinaryIO) -> tuple[int, str]:
    digest = hashlib.sha256()
    for piece in pieces():
        file.write(piece)
        digest.update(piece)
    return file.tell(), digest.hexdigest()


def _make_temporary_dir(out_dir: str) -> None:
    """Makes it in an OUT that a run has begun, and never OUT itself.

    Raises:
        StorageError: OUT is gone; made anew, it would hold a part of a dataset that nobody could go on with.
    """
    if not os.path.isdir(join(out_dir, RUN_DIR)):
        raise StorageError(f"{out_dir!r} was removed while it was written to", "OUT was removed")
    os.makedirs(join(out_dir, TEMPORARY_DIR), exist_ok=True)


def _put_object(target: str, data: bytes) -> None:
    with _create(target) as file:
        file.write(data)


def _create(target: str) -> BinaryIO:
    from apache_beam.io.filesystem import CompressionTypes

    return _file_systems(target).create(target, compression_type=CompressionTypes.UNCOMPRESSED)


def _delete_once(out_dir: str, target: str) -> None:
    if not is_local(target):
        if gcs.is_object(target):
            gcs.delete(target)
        elif _file_systems(target).exists(target):
            _file_systems(target).delete([target])
        return
    if os.path.lexists(target):
        os.remove(target)
    folder = os.path.dirname(target)
    while len(folder) > len(out_dir) and os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
        folder = os.path.dirname(folder)


def _with_retries(action: Callable[[], T], verb: str, path: str) -> T:
    for wait in (*(_BACK_OFF if is_local(path) else _STORE_BACK_OFF), None):
        try:
            return _with_os_errors(action)
        except OSError as error:
            reason = _reason(error)
            if wait is None or isinstance(error, _LASTING) or error.errno in _LASTING_CODES:
                raise StorageError(f"cannot {verb} {path!r}: {reason}", reason) from error
            if not is_local(path):
                wait *= random.uniform(0.5, 1.5)
                logger.warning("cannot {} {!r}: {}; again in {:.0f} s", verb, path, reason, wait)
            time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _reason(error: OSError) -> str:
    """Why, in the words of whoever knows: a BeamIOError has the errors that led to it, by path."""
    cause: object = error
    while details := getattr(cause, "exception_details", None):
        cause = next(iter(details.values()))
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    return f"{type(cause).__name__}: {cause}"


def _with_os_errors(action: Callable[[], T]) -> T:
    """What a store's client raises in its own words becomes an OSError, as Beam's BeamIOError is."""
    try:
        return action()
    except (OSError, RunError):
        raise
    # Every Exception: each store has errors of its own, which Beam passes on.
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def _file_systems(path: str) -> type[FileSystems]:
    """Beam's file systems, one of which knows `path`.

    Raises:
        StorageError: none does.
    """
    from apache_beam.io.filesystems import FileSystems

    try:
        FileSystems.get_filesystem(path)
    except ValueError as error:
        scheme = path.partition("://")[0]
        raise StorageError(f"{path!r}: nothing here reads {scheme}://, give a local path or one of gs://") from error
    return FileSystems
