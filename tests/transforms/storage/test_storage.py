import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from tests import disk_store
from tests.disk_store import DiskStore
from transforms import storage
from transforms.model.errors import StorageError
from transforms.model.records import RUN_DIR, StoredFile
from transforms.storage import beam, local


def stored(path: str, data: bytes) -> StoredFile:
    return StoredFile(path, data, "")


class StoreError(Exception):
    """An error of a store's own class, as S3 and Azure have them."""


@pytest.fixture
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beam, "BACK_OFF", (0, 0, 0))


def test_a_file_is_written_whole_and_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / ".run").mkdir()
    storage.write_all(str(tmp_path), [stored("a/b.bin", b"one"), stored("c.bin", b"two")])
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"one"
    assert (tmp_path / "c.bin").read_bytes() == b"two"
    assert list((tmp_path / ".run" / "tmp").iterdir()) == []


def test_a_target_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / ".run").mkdir()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").write_bytes(b"")
    with pytest.raises(StorageError, match=r"cannot write '.*/taken': Is a directory"):
        storage.write(str(tmp_path), "taken", b"data")
    assert list((tmp_path / ".run" / "tmp").iterdir()) == []


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"no gzip at all")
    assert storage.read(str(tmp_path / "x.gz")) == b"no gzip at all"
    assert storage.read_if_there(str(tmp_path / "y")) is None
    with pytest.raises(StorageError, match=r"cannot read '.*/y': No such file or directory"):
        storage.read(str(tmp_path / "y"))


def test_only_a_missing_file_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"four")
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").symlink_to("gone")
    (tmp_path / "loop").symlink_to("loop")
    assert storage.size(str(tmp_path / "a")) == 4
    for name in ("gone", "a/b", "folder", "broken"):
        assert storage.size(str(tmp_path / name)) is None
    path = str(tmp_path / "loop")
    with pytest.raises(StorageError) as refused:
        storage.size(path)
    assert str(refused.value) == f"cannot look up {path!r}: Too many levels of symbolic links"


@pytest.mark.parametrize("scheme", ["", disk_store.SCHEME])
def test_a_part_of_a_file_is_read(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    path = f"{scheme}{tmp_path}/a"
    assert storage.read_range(path, 0, 3) == b"012"
    assert storage.read_range(path, 8, 100) == b"89"
    assert storage.read_range(path, 5, 0) == b""
    with pytest.raises(StorageError, match="No such file"):
        storage.read_range(f"{path}b", 0, 3)


@pytest.mark.parametrize("special", ["pipe", "device"])
def test_a_file_that_may_never_end_is_not_read(tmp_path: Path, special: str) -> None:
    path = tmp_path / "x.jpg"
    if special == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(StorageError, match=r"cannot read '.*/x.jpg': Not a regular file"):
        storage.read(str(path))
    with pytest.raises(StorageError, match=r"cannot read '.*/x.jpg': Not a regular file"), storage.open_file(str(path)):
        pass


def failing(error: Exception, calls: list[str]) -> object:
    """Return a method of a file system that records its call and fails."""

    def fail(_self: object, path: object, *_args: object, **_kwargs: object) -> object:
        calls.append(str(path))
        raise error

    return fail


@pytest.mark.usefixtures("_no_wait")
@pytest.mark.parametrize(
    ("error", "tries", "reason"),
    [
        (StoreError("503 slow down"), 4, "StoreError: 503 slow down"),
        (OSError("connection lost"), 4, "connection lost"),
        (BeamIOError("failed", {"x": BeamIOError("failed", {"x": StoreError("no")})}), 4, "StoreError: no"),
        (FileNotFoundError(errno.ENOENT, "No such file"), 1, "No such file"),
        (BeamIOError("failed", {"x": PermissionError(errno.EACCES, "Not yours")}), 1, "Not yours"),
    ],
)
def test_only_temporary_errors_of_a_store_are_retried(
    monkeypatch: pytest.MonkeyPatch, error: Exception, tries: int, reason: str
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(DiskStore, "open", failing(error, calls))
    with pytest.raises(StorageError) as raised:
        storage.read("disk://x")
    advice = "; check the path and its permissions" if tries == 1 else ""
    assert str(raised.value) == f"cannot read 'disk://x': {reason}{advice}"
    assert raised.value.reason == reason
    assert calls == ["disk://x"] * tries


@pytest.mark.usefixtures("_no_wait")
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("fault", [TypeError("ours"), KeyError("ours"), ValueError("ours"), AssertionError("ours")])
def test_a_bug_is_neither_retried_nor_reworded(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, wrapped: bool
) -> None:
    calls: list[str] = []

    def pieces() -> Iterator[bytes]:
        calls.append("pieces")
        yield b"some"
        raise BeamIOError("failed", {"x": fault}) if wrapped else fault

    # For `beam`, the error comes from code of this program.
    monkeypatch.setitem(pieces.__globals__, "__name__", "transforms.finishing.documents")
    with pytest.raises(type(fault), match="ours"):
        storage.write_pieces(f"{disk_store.SCHEME}/nowhere", "x", pieces)
    assert calls == ["pieces"]


def test_a_bug_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / ".run" / "tmp").mkdir(parents=True)
    calls: list[str] = []

    def pieces() -> Iterator[bytes]:
        calls.append("pieces")
        yield b"some"
        raise TypeError("ours")

    with pytest.raises(TypeError, match="ours"):
        storage.write_pieces(str(tmp_path), "x", pieces)
    assert calls == ["pieces"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_store_whose_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is only one try, and the message is one sentence."""
    monkeypatch.setattr(FileSystems, "_pipeline_options", PipelineOptions([]))
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setitem(sys.modules, "boto3.exceptions", None)
    with pytest.raises(StorageError, match=r"^cannot look up 's3://b/x': ModuleNotFoundError: import of boto3"):
        storage.size("s3://b/x")


def test_a_store_that_fails_while_a_file_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(100_000))
    with storage.open_file(f"{disk_store.SCHEME}{tmp_path}/x") as file:
        assert file.read(3) == bytes(3)
        assert file.seek(-2, os.SEEK_END) == 99_998
        assert file.read() == bytes(2)

    class Torn:
        def __init__(self, *_args: object, **_kwargs: object) -> None:
            pass

        def __enter__(self) -> "Torn":
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def read(self, _size: int) -> bytes:
            raise StoreError("lost")

    monkeypatch.setattr(DiskStore, "open", Torn)
    with (
        pytest.raises(StorageError, match=r"^cannot read 'disk://x': StoreError: lost$"),
        storage.open_file("disk://x") as file,
    ):
        file.read(1)


def test_a_temporary_error_of_the_disk_is_retried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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


def test_deleting_removes_empty_folders_and_no_others(tmp_path: Path) -> None:
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
    listed = sorted(storage.list_pattern(f"{tmp_path}/**.jpg"))
    assert listed == [(f"{tmp_path}/a.jpg", 5, 1e9), (f"{tmp_path}/x/b.jpg", 7, 1e9)]
    with pytest.raises(StorageError, match=r"'s4://b/\*': s4:// is not supported"):
        list(storage.list_pattern("s4://b/*"))


def test_paths() -> None:
    assert storage.join("gs://b/x", "y") == "gs://b/x/y"
    assert storage.join("/", "y") == "/y"
    assert storage.below("/data", "/data//x") == "/x"
    assert storage.is_inside("/data/x/y", "/data/x")
    assert not storage.is_inside("/data/xy", "/data/x")


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(StorageError, match=r"'s4://b/x': s4:// is not supported: use a local path, or a gs://"):
        storage.exists("s4://b/x")


def test_out_itself_is_never_created(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"^'.*/out' was removed during the run$"):
        storage.write(f"{tmp_path}/out", "a.jpg", b"data")
    assert not (tmp_path / "out").exists()


def test_an_out_that_is_deleted_while_a_file_is_written_is_not_created_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / RUN_DIR).mkdir(parents=True)

    def fill(file: BinaryIO) -> None:
        file.write(b"data")
        shutil.rmtree(out)

    with pytest.raises(StorageError, match=f"^'{out}' was removed during the run$"):
        local.put(str(out), f"{out}/folder/a.jpg", fill)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["", disk_store.SCHEME])
def test_a_double_star_also_matches_no_folder(tmp_path: Path, scheme: str) -> None:
    for name in ("a.jpg", "x/a.jpg", "x/y/a.jpg", "xa.jpg", "x/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"12")

    def listed(pattern: str, limit: int | None = None) -> list[str]:
        found = storage.list_pattern(f"{scheme}{tmp_path}/{pattern}", limit)
        return sorted(path.removeprefix(f"{scheme}{tmp_path}/") for path, _, _ in found)

    assert listed("**/a.jpg") == ["a.jpg", "x/a.jpg", "x/y/a.jpg"]
    assert listed("x/**/a.jpg") == ["x/a.jpg", "x/y/a.jpg"]
    assert listed("**/**/y/**/*.jpg") == ["x/y/a.jpg"]
    assert listed("**/y/**") == ["x/y/a.jpg"]
    assert listed("**/b.*") == ["x/b.jpg"]
    assert len(listed("**/a.jpg", 2)) == 2
    assert listed("**/b.jpg", 1) == ["x/b.jpg"]
    assert listed("**/none.jpg", 1) == []


@pytest.mark.parametrize("store", ["gs://b", "s3://b", "azfs://a/c"])
def test_a_double_star_also_matches_no_folder_in_a_store(store: str) -> None:
    files = [(f"{store}/{name}", 1, 1.0) for name in ("p/a.jpg", "p/x/a.jpg", "p/x/y/a.jpg", "pa.jpg", "p/xa.jpg")]
    assert list(beam.matching(f"{store}/p/**/a.jpg", files)) == files[:3]
    assert list(beam.matching(f"{store}/**/a.jpg", files)) == files[:3]
    assert list(beam.matching(f"{store}/p/x/**/*.jpg", files)) == files[1:3]
    assert list(beam.matching(f"{store}/p/*.jpg", files)) == [files[0], files[4]]
