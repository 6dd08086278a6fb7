"""Many files packed into one."""

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from transforms.dataset import packed
from transforms.model.errors import RunError, StorageError


@pytest.fixture(params=["packed", "a #?%20.b", os.fsdecode(b"\xff")])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return the path of a file without rows. Its name may have special characters of URIs, and need not be UTF-8."""
    path = tmp_path / request.param
    path.write_bytes(packed.empty())
    return str(path)


def test_files_are_added_replaced_listed_and_removed(path: str) -> None:
    name = os.fsdecode(b"shards/\xff")
    packed.add(path, [("a", b"one"), ("shards/b", b""), (name, bytes(range(256)) * 1000)])
    packed.add(path, [("a", b"two")])
    assert [packed.read(path, name) for name in ("a", "shards/b", name, "b")] == [
        *(b"two", b""),
        *(bytes(range(256)) * 1000, None),
    ]
    assert packed.names(path, "") == ["a", "shards/b", name]
    assert packed.names(path, "shards/") == ["shards/b", name]
    packed.remove(path, ["a", "shards/b", "never there"])
    assert packed.names(path, "") == [name]
    assert os.path.getsize(path) < 40_000


def test_a_path_without_a_file_holds_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    assert (packed.read(path, "a"), packed.names(path, "")) == (None, [])
    packed.remove(path, ["a"])
    assert list(tmp_path.iterdir()) == []


def test_files_are_added_all_or_none(path: str) -> None:
    packed.add(path, [("a", b"one")])

    def files() -> "list[tuple[str, bytes]]":
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        packed.add(path, (pair for part in ([("a", b"two")], None) for pair in (part if part else files())))
    assert packed.read(path, "a") == b"one"
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


@pytest.mark.parametrize("damage", [b"", b"no table", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_file_is_an_error(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "packed"
    path.write_bytes(damage)
    with pytest.raises(RunError, match=r"packed' is damaged \(.*\): use another -o, or delete the folder"):
        packed.read(str(path), "a")


def test_a_damaged_row_is_an_error(tmp_path: Path) -> None:
    """One bit turns the type of a value into text, which is not UTF-8 here."""
    with contextlib.closing(sqlite3.connect(tmp_path / "packed")) as table:
        table.execute("CREATE TABLE files (name BLOB PRIMARY KEY, data BLOB NOT NULL)")
        table.execute("INSERT INTO files VALUES (x'61', CAST(x'ff' AS TEXT))")
        table.commit()
    with pytest.raises(
        RunError, match=r"packed' is damaged \(Could not decode to UTF-8 column 'data' .*\): use another"
    ):
        packed.read(str(tmp_path / "packed"), "a")


def test_a_file_with_damaged_rows_is_an_error(path: str) -> None:
    packed.add(path, [("a", b"one")])
    with sqlite3.connect(path) as table:
        table.execute("UPDATE files SET data = x'78'")
    with pytest.raises(RunError, match=r"is damaged \(Error -5 .*\): use another -o, or delete"):
        packed.read(path, "a")


def test_a_folder_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read '.*': unable to open database file"):
        packed.read(str(tmp_path), "a")
