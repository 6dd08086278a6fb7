"""The state in each of its places."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import disk_store
from tests.support import write_tree
from transforms import storage
from transforms.dataset import packed, state
from transforms.model.errors import RunError, StorageError

FILES = {
    ".run/config.json": b"{}",
    ".run/history-1.json": b"one",
    ".run/history-2.json": b"two",
    ".run/shards/a-00000-of-00002.jsonl": b"first",
    ".run/shards/a-00001-of-00002.jsonl": b"second" * 100_000,
}
NOT_PACKED = {".run/lock": b"process 1", ".run/tmp/x": b"half", ".run/pieces/SHA256SUMS-00000": b"sums"}


def found(out: Path | str) -> dict[str, bytes | None]:
    """Return path -> content of each file of the state."""
    paths = [path for prefix in (".run/", ".run/shards/") for path in state.paths(str(out), prefix)]
    return {path: state.read(str(out), path) for path in paths if path not in NOT_PACKED}


def test_a_packed_state_is_read_as_before(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES | NOT_PACKED | {"a.jpg": b"image"})
    state.pack(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".run.sqlite", "a.jpg"]
    assert found(tmp_path) == FILES
    assert state.paths(str(tmp_path), ".run/history-") == [".run/history-1.json", ".run/history-2.json"]
    assert state.read(str(tmp_path), ".run/lock") is None
    assert state.read(str(tmp_path), ".run/tmp/x") is None


def test_the_folder_counts_before_the_packed_file(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    state.pack(str(tmp_path))
    packed_at = (tmp_path / ".run.sqlite").read_bytes()
    new = {".run/history-3.json": b"three", ".run/shards/a-00000-of-00002.jsonl": b"again"}
    write_tree(tmp_path, new)
    assert found(tmp_path) == FILES | new
    assert (tmp_path / ".run.sqlite").read_bytes() == packed_at
    state.pack(str(tmp_path))
    assert found(tmp_path) == FILES | new
    assert [path.name for path in tmp_path.iterdir()] == [".run.sqlite"]


def test_a_file_is_deleted_in_all_places(tmp_path: Path) -> None:
    path = ".run/shards/a-00000-of-00002.jsonl"
    write_tree(tmp_path, FILES)
    state.pack(str(tmp_path))
    write_tree(tmp_path, {path: b"again"})
    state.delete(str(tmp_path), path)
    assert found(tmp_path) == {name: data for name, data in FILES.items() if name != path}
    state.delete(str(tmp_path), path)


def test_the_whole_state_is_deleted(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    state.pack(str(tmp_path))
    write_tree(tmp_path, NOT_PACKED | {"a.jpg": b"image"})
    write_tree(tmp_path, {".run/lease.json": b"mine"})
    state.delete_all(str(tmp_path))
    assert found(tmp_path) == {".run/lease.json": b"mine"}
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".run", "a.jpg", "lease.json"]


def as_old(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path.replace(".run", "_run", 1): data for path, data in files.items()}


@pytest.mark.parametrize("scheme", ["", disk_store.SCHEME])
@pytest.mark.parametrize("lock", [{}, {".run/lock": b"process 1"}])
def test_the_state_of_an_earlier_version_is_read_and_moved(tmp_path: Path, scheme: str, lock: dict[str, bytes]) -> None:
    write_tree(tmp_path, as_old(FILES | lock))
    out = f"{scheme}{tmp_path}"
    assert found(out) == FILES
    state.settle(out)
    assert found(out) == FILES
    assert not list((tmp_path / "_run").rglob("*.json*"))
    if not scheme:
        assert [path.name for path in tmp_path.iterdir()] == [".run"]
    state.settle(out)
    assert found(out) == FILES


def test_a_move_on_a_store_that_was_interrupted_anywhere_goes_on(tmp_path: Path) -> None:
    """The plan is moved last, so that the rest is still recognized as a state."""
    out = f"{disk_store.SCHEME}{tmp_path}"
    for moved in range(len(FILES)):
        names = [path for path in FILES if path != ".run/config.json"]
        old = {path: FILES[path] for path in [*names[moved:], ".run/config.json"]}
        write_tree(tmp_path, as_old(old) | {path: FILES[path] for path in names[:moved]})
        assert found(out) == FILES
        state.settle(out)
        assert found(out) == FILES
        assert not list((tmp_path / "_run").rglob("*.json*"))
        storage.delete_tree(str(tmp_path / ".run"))


def test_a_folder_of_images_is_no_state(tmp_path: Path) -> None:
    write_tree(tmp_path, {"_run/a.jpg": b"image", "_run/metadata.jsonl": b"{}"})
    state.settle(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["_run"]


def test_a_folder_of_the_state_that_is_a_link_is_refused(tmp_path: Path) -> None:
    photos = write_tree(tmp_path / "photos", {"a.jpg": b"photo", "x/b.jpg": b"photo"})
    out = tmp_path / "out"
    out.mkdir()
    (out / ".run").symlink_to(photos)
    with pytest.raises(RunError) as refused:
        state.begin(str(out))
    assert str(refused.value) == (
        f"{str(out / '.run')!r} is a link: replace it with the folder to which it leads, or delete the link"
    )


def test_a_state_that_cannot_be_packed_stays(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES | {".run.sqlite": b"no table" * 1000})
    with pytest.raises(RunError, match="is damaged"):
        state.pack(str(tmp_path))
    (tmp_path / ".run.sqlite").unlink()
    (tmp_path / ".run.sqlite").mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        state.pack(str(tmp_path))
    (tmp_path / ".run.sqlite").rmdir()
    assert found(tmp_path) == FILES


# A program that kills itself before its n-th file operation, counted from 0. n is its first argument. Opening a file,
# including SQLite's, and each SQL statement count as operations. With fewer operations, it prints "whole".
KILLED = """
import os, signal, sqlite3, sys
from transforms.dataset import state
left = int(sys.argv[1])
events = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree")
def count(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
def connect(*args, **kwargs):
    connection = connect_to(*args, **kwargs)
    connection.set_trace_callback(count)
    return connection
connect_to, sqlite3.connect = sqlite3.connect, connect
sys.addaudithook(lambda event, _: count() if event in events else None)
getattr(state, sys.argv[2])(sys.argv[3])
print("whole")
"""


def killed_everywhere(out: Path, action: str, before: dict[str, bytes]) -> Iterator[int]:
    """For each step of an action: write `before`, run the action, kill it at that step, and yield the step."""
    for step in range(1000):
        storage.delete_tree(str(out))
        write_tree(out, before)
        process = subprocess.run(
            [sys.executable, "-c", KILLED, str(step), action, str(out)], capture_output=True, text=True, check=False
        )
        if process.returncode == 0:
            assert process.stdout == "whole\n"
            assert step > 2
            return
        assert process.returncode == -signal.SIGKILL, process.stderr
        yield step


@pytest.mark.slow
def test_a_first_packing_that_was_killed_anywhere_loses_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in killed_everywhere(out, "pack", FILES | NOT_PACKED):
        assert found(out) == FILES
        state.pack(str(out))
        assert (found(out), os.listdir(out)) == (FILES, [".run.sqlite"])


@pytest.mark.slow
def test_a_later_packing_that_was_killed_anywhere_loses_nothing(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    state.pack(str(tmp_path))
    packed_at = {".run.sqlite": (tmp_path / ".run.sqlite").read_bytes()}
    new = {".run/history-3.json": b"three", ".run/shards/a-00000-of-00002.jsonl": os.urandom(300_000)}
    out = tmp_path / "out"
    for _ in killed_everywhere(out, "pack", packed_at | new | NOT_PACKED):
        assert found(out) == FILES | new
        state.pack(str(out))
        assert (found(out), os.listdir(out)) == (FILES | new, [".run.sqlite"])


@pytest.mark.slow
def test_a_move_that_was_killed_anywhere_loses_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in killed_everywhere(out, "settle", as_old(FILES) | {"_run/lock": b"", ".run/history-0.json": b""}):
        state.settle(str(out))
        assert (found(out), os.listdir(out)) == (FILES, [".run"])


@pytest.mark.slow
def test_a_change_that_was_cut_off_is_undone(tmp_path: Path) -> None:
    """SQLite has written part of the change when the process is killed. The next reader rolls it back."""
    path = str(tmp_path / "packed")
    Path(path).write_bytes(packed.empty())
    packed.add(path, [("a", b"one"), *((f"{number}", os.urandom(1000)) for number in range(1000))])
    before = packed.names(path, "")
    code = """
import os, signal, sqlite3, sys
table = sqlite3.connect(sys.argv[1], isolation_level=None)
table.execute("PRAGMA cache_size = 1")  # so that changes go to the disk before they are complete
table.execute("BEGIN")
table.execute("DELETE FROM files")
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -signal.SIGKILL
    assert os.path.exists(f"{path}-journal")
    assert (packed.read(path, "a"), packed.names(path, "")) == (b"one", before)
    assert not os.path.exists(f"{path}-journal")


def test_a_packed_state_that_was_copied_to_a_store_is_read_and_unpacked(tmp_path: Path) -> None:
    out = f"{disk_store.SCHEME}{tmp_path}"
    write_tree(tmp_path, FILES)
    state.pack(str(tmp_path))
    copied = (tmp_path / ".run.sqlite").read_bytes()
    assert found(out) == FILES
    state.settle(out)
    assert found(out) == FILES
    assert [path.name for path in tmp_path.iterdir()] == [".run"]
    # Interrupted before the plan was written, and before the packed file was deleted.
    for lost in ([".run/config.json", ".run/history-1.json"], []):
        write_tree(tmp_path, {".run.sqlite": copied})
        for path in lost:
            (tmp_path / path).unlink()
        state.settle(out)
        assert found(out) == FILES
        assert [path.name for path in tmp_path.iterdir()] == [".run"]
