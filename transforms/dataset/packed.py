"""Many small files packed into one: an SQLite table with a compressed row for each. For local files only.

SQLite's transactions are atomic: if a process is killed halfway, the next one to open the file rolls back the change.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator

from transforms.model.errors import RunError, StorageError

# Names are bytes, since file names need not be UTF-8.
_SCHEMA = "CREATE TABLE files (name BLOB PRIMARY KEY, data BLOB NOT NULL)"

# Seconds to wait for another process that reads or writes the file.
_PATIENCE = 60

# Compresses to a fourth of the size. Higher levels take twice the time to save another tenth.
_COMPRESSION = 1


def empty() -> bytes:
    """Return the content of an SQLite file without rows."""
    with contextlib.closing(sqlite3.connect(":memory:")) as table:
        table.execute(_SCHEMA)
        return table.serialize()


def read(path: str, name: str) -> bytes | None:
    """Return the content of the packed file `name`; None if it does not exist, or if there is no file at `path`.

    Raises:
        RunError: the file at `path` is damaged or cannot be read.
    """
    if not os.path.lexists(path):
        return None
    with _opened(path, "read") as table:
        row = table.execute("SELECT data FROM files WHERE name = ?", [os.fsencode(name)]).fetchone()
        return zlib.decompress(row[0]) if row else None


def names(path: str, prefix: str) -> list[str]:
    """Return the sorted names that begin with `prefix`. Raise the same errors as `read`."""
    if not os.path.lexists(path):
        return []
    start = os.fsencode(prefix)
    with _opened(path, "read") as table:
        rows = table.execute("SELECT name FROM files WHERE substr(name, 1, ?) = ? ORDER BY name", [len(start), start])
        return [os.fsdecode(name) for (name,) in rows]


def add(path: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Add (name, content) of files, or replace files of the same names, atomically. Raise the same errors as `read`."""
    with _opened(path, "write") as table, table:
        table.execute("BEGIN IMMEDIATE")
        for name, data in files:
            row = [os.fsencode(name), zlib.compress(data, _COMPRESSION)]
            table.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", row)


def remove(path: str, removed: Iterable[str]) -> None:
    """Remove files atomically. Ignore names that do not exist. Raise the same errors as `read`."""
    if not os.path.lexists(path):
        return
    with _opened(path, "write") as table, table:
        table.execute("BEGIN IMMEDIATE")
        table.executemany("DELETE FROM files WHERE name = ?", [[os.fsencode(name)] for name in removed])


@contextlib.contextmanager
def _opened(path: str, verb: str) -> Iterator[sqlite3.Connection]:
    """Open the file at `path`, for reading with write access, too: an interrupted change may need a rollback."""
    uri = f"file:{urllib.parse.quote(os.fsencode(os.path.abspath(path)))}?mode=rw"
    try:
        table = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
        with contextlib.closing(table):
            yield table
    except sqlite3.ProgrammingError:  # a bug in this module
        raise
    except (sqlite3.DatabaseError, zlib.error, OverflowError) as error:
        if _is_of_storage(error):
            raise StorageError(f"cannot {verb} {path!r}: {error}", str(error)) from error
        raise RunError(
            f"{path!r} is damaged ({error}): use another -o, or delete the folder {os.path.dirname(path)!r} to start "
            "over"
        ) from error


def _is_of_storage(error: Exception) -> bool:
    """Return whether the disk failed, another process locks the file for too long, or a row is too large."""
    if isinstance(error, sqlite3.OperationalError):
        # SQLITE_ERROR means that the table is missing. Python's own error about text that is not UTF-8 has no code.
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR
    return isinstance(error, (sqlite3.DataError, OverflowError))
