import os
from pathlib import Path

import pytest

from transforms import storage
from transforms.elements import StoredFile
from transforms.errors import StorageError
from transforms.storage import local


def stored(path: str, data: bytes) -> StoredFile:
    return StoredFile(path, data, "")


def test_a_file_is_written_whole_and_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "_run").mkdir()
    storage.write_all(str(tmp_path), [stored("a/b.bin", b"one"), stored("c.bin", b"two")])
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"one"
    assert (tmp_path / "c.bin").read_bytes() == b"two"
    assert list((tmp_path / "_run" / "tmp").iterdir()) == []


def test_what_cannot_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "_run").mkdir()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").write_bytes(b"")
    with pytest.raises(StorageError, match=r"cannot write '.*/taken': Is a directory"):
        storage.write(str(tmp_path), "taken", b"data")
    assert list((tmp_path / "_run" / "tmp").iterdir()) == []


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"no gzip at all")
    assert storage.read(str(tmp_path / "x.gz")) == b"no gzip at all"
    assert storage.read_if_there(str(tmp_path / "y")) is None
    with pytest.raises(StorageError, match=r"cannot read '.*/y': No such file or directory"):
        storage.read(str(tmp_path / "y"))


@pytest.mark.parametrize("special", ["pipe", "device"])
def test_what_would_never_end_is_not_read(tmp_path: Path, special: str) -> None:
    path = tmp_path / "x.jpg"
    if special == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(StorageError, match=r"cannot read '.*/x.jpg': Not a regular file"):
        storage.read(str(path))


def test_an_error_in_a_stores_own_words_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_path: str) -> bytes:
        raise LookupError("403 no access")

    monkeypatch.setattr(local, "read", refuse)
    with pytest.raises(StorageError, match=r"cannot read '.*': LookupError: 403 no access") as caught:
        storage.read(str(tmp_path / "x"))
    assert caught.value.reason == "LookupError: 403 no access"


def test_a_passing_fault_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"data")
    faults = [OSError(5, "Input/output error"), OSError(5, "Input/output error")]
    real = local.read

    def read_once(path: str) -> bytes:
        if faults:
            raise faults.pop()
        return real(path)

    monkeypatch.setattr(local, "read", read_once)
    assert storage.read(str(tmp_path / "x")) == b"data"
    faults += [OSError(5, "Input/output error")] * 3
    with pytest.raises(StorageError, match="Input/output error"):
        storage.read(str(tmp_path / "x"))
    assert faults == []


def test_deleting_takes_empty_folders_along_and_no_other(tmp_path: Path) -> None:
    for path in ("a/b/x", "a/y", "z"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    storage.delete_all(str(tmp_path), ["a/b/x", "a/b/missing", "z"])
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["a", "a/y"]
    storage.delete_all(str(tmp_path), ["a/y"])
    assert list(tmp_path.iterdir()) == []


def test_listing(tmp_path: Path) -> None:
    for path in ("a.jpg", "x/b.jpg", "x/c.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(path.encode())
        os.utime(tmp_path / path, (5, 1e9))
    found = sorted(storage.list_pattern(f"{tmp_path}/**.jpg"))
    assert found == [(f"{tmp_path}/a.jpg", 5, 1e9), (f"{tmp_path}/x/b.jpg", 7, 1e9)]
    with pytest.raises(StorageError, match=r"'s4://b/\*': nothing here reads s4://"):
        list(storage.list_pattern("s4://b/*"))


def test_paths() -> None:
    assert storage.join("gs://b/x", "y") == "gs://b/x/y"
    assert storage.join("/", "y") == "/y"
    assert storage.below("/data", "/data//x") == "/x"
    assert storage.is_inside("/data/x/y", "/data/x")
    assert not storage.is_inside("/data/xy", "/data/x")


def test_a_scheme_that_nothing_reads_is_refused() -> None:
    with pytest.raises(StorageError, match=r"'s4://b/x': nothing here reads s4://, give a local path or one of gs://"):
        storage.exists("s4://b/x")


def test_out_itself_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"^'.*/out' was removed while it was written to$"):
        storage.write(f"{tmp_path}/out", "a.jpg", b"data")
    assert not (tmp_path / "out").exists()
