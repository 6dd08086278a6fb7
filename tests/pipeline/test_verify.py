"""--verify finds files that are missing or changed, and the next run recreates them."""

import json
from pathlib import Path

import pytest

from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, snapshot, summary, write_tree
from tests.support.poison import POISON, poison
from tests.support.state import markers, state_of

pytestmark = pytest.mark.slow


@pytest.fixture
def args(photos: Path, tmp_path: Path) -> list[object]:
    return ["-i", photos, "-o", tmp_path / "out", "-s", "32", "16", "-ext", "jpg", "--images_per_shard", "2"]


def written(out: Path, key: str) -> Path:
    return out / next(row["path"] for row in rows(out, "manifest") if row["key"] == key and row["size"] == 16)


def shard_of(out: Path, path: Path) -> str:
    (name,) = (
        marker.name
        for marker in (state_of(out) / "shards").iterdir()
        if str(path.relative_to(out)) in {file[0] for file in json.loads(marker.read_bytes().splitlines()[0])["files"]}
    )
    return name


def test_a_whole_dataset_passes(make: Make, args: list[object]) -> None:
    make(*args)
    assert make(*args, "--verify") == ["all 18 files are there, checked by size"]
    assert make(*args, "--verify", "full") == ["all 18 files are there, checked by SHA-256"]


def test_missing_and_altered_files_are_made_again(make: Make, args: list[object], tmp_path: Path) -> None:
    make(*args)
    out = tmp_path / "out"
    before, shards = snapshot(out), markers(out)
    keys = sorted({row["key"] for row in rows(out, "manifest")})
    missing, shorter, altered = (written(out, key) for key in keys[:3])
    affected = {shard_of(out, path) for path in (missing, shorter, altered)}
    missing.unlink()
    shorter.write_bytes(shorter.read_bytes()[:-1])
    data = altered.read_bytes()
    altered.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    shown = make(*args, "--verify", "full", expect=1)
    length = shorter.stat().st_size
    assert sorted(shown[:-1]) == sorted([
        f"'{missing.relative_to(out)}' is missing",
        f"'{shorter.relative_to(out)}' has {length:,} bytes instead of {length + 1:,}",
        f"'{altered.relative_to(out)}' has the same size but other content",
    ])  # fmt: skip
    assert shown[-1] == (
        f"3 problems in {len(affected)} shards, 18 files checked by SHA-256: run the same command without --verify to "
        "recreate missing or changed files"
    )
    assert set(markers(out)) == set(shards) - affected
    make(*args)
    assert snapshot(out) == before
    assert {name for name, at in markers(out).items() if shards[name] != at} == affected


@pytest.mark.parametrize("how", ["sizes", "full"])
def test_a_file_that_cannot_be_looked_up_is_not_called_missing(
    make: Make, args: list[object], tmp_path: Path, how: str
) -> None:
    make(*args)
    out = tmp_path / "out"
    before = snapshot(out)
    path = written(out, rows(out, "manifest")[0]["key"])
    path.unlink()
    path.symlink_to(path.name)
    shown = make(*args, "--verify", how, expect=1)
    assert shown[0] == f"'{path.relative_to(out)}' cannot be read: Too many levels of symbolic links"
    make(*args)
    assert snapshot(out) == before


def test_a_check_by_size_accepts_other_bytes_of_the_same_number(make: Make, args: list[object], tmp_path: Path) -> None:
    make(*args)
    path = written(tmp_path / "out", rows(tmp_path / "out", "manifest")[0]["key"])
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert make(*args, "--verify") == ["all 18 files are there, checked by size"]


def test_lost_tables_and_markers_are_reported(make: Make, args: list[object], tmp_path: Path) -> None:
    make(*args)
    out = tmp_path / "out"
    before = snapshot(out)
    (out / "summary.json").unlink()
    (out / "summary.json").mkdir()
    damaged, gone = sorted((state_of(out) / "shards").iterdir())[:2]
    damaged.write_bytes(b"{}")
    gone.unlink()
    shown = make(*args, "--verify", expect=1)
    assert shown[:3] == [
        f"the marker '.run/shards/{damaged.name}' is damaged: run with --verify to delete it, then run again to "
        "recreate the shard",
        f"shard {gone.stem} is not committed",
        "'summary.json' is missing",
    ]
    (out / "summary.json").rmdir()
    make(*args)
    assert snapshot(out) == before


def test_an_empty_out_is_refused(make: Make, args: list[object], tmp_path: Path) -> None:
    shown = make(*args, "--verify", expect=2)
    assert shown == [f"image_resizer: -o {str(tmp_path / 'out')!r} contains no dataset to verify: leave out --verify"]
    assert not (tmp_path / "out").exists()


def test_retry_failed_makes_failed_images_again(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_tree(tmp_path / "in", {f"{n}.jpg": jpeg(n, (40, 30)) for n in range(6)} | {"x.png": POISON})
    args = ["-i", source, "-s", "16", "-ext", "jpg", "--images_per_shard", "2", "-o"]
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", poison(tmp_path / "site", "1 // 0"))  # a decoder with a bug
        make(*args, tmp_path / "out")
    out = tmp_path / "out"
    assert summary(out)["images"]["failed"] == 1
    shards = markers(out)
    make(*args, out)
    assert markers(out) == shards
    make(*args, out, "--retry_failed")
    assert summary(out)["images"] == {"matched": 7, "written": 7, "failed": 0, "skipped": 0}
    assert len([name for name, at in markers(out).items() if shards[name] != at]) == 1
    make(*args, tmp_path / "first")
    assert snapshot(out) == snapshot(tmp_path / "first")
