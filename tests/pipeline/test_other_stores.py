"""A store that is neither the local disk nor Google's, by Beam's interface for all of them."""

from pathlib import Path

import pytest

from tests.disk_store import SCHEME
from tests.pipeline.conftest import Make
from tests.support import markers, snapshot, write_tree


@pytest.mark.parametrize("layout", ["files", "webdataset"])
def test_a_dataset_is_made_gone_on_with_checked_and_begun_again(
    make: Make, photos: Path, tmp_path: Path, layout: str
) -> None:
    flags = ("-i", f"{SCHEME}{photos}", "-s", 24, 12, "--layout", layout, "--images_per_shard", 2)
    out, there = tmp_path / "out", f"{SCHEME}{tmp_path}/out"
    make(*flags, "-o", there)
    make(*flags, "-o", tmp_path / "here")
    assert snapshot(out) == snapshot(tmp_path / "here")
    assert {path.name for path in (out / "_run").iterdir()} >= {"config.json", "receipts", "shards"}
    assert not (out / "_run" / "lease.json").exists()

    shown = make(*flags, "-o", there)
    assert "nothing to do: all 9 images were committed already, and none was read" in shown

    gone = min(path for path in snapshot(out) if path.startswith("24/"))
    (out / gone).unlink()
    assert any(f"{gone!r} is missing" in line for line in make(*flags, "-o", there, "--verify", expect=1))
    before = markers(out)
    make(*flags, "-o", there)
    assert len(set(markers(out).items()) - set(before.items())) == 1
    assert snapshot(out) == snapshot(tmp_path / "here")

    write_tree(out, {"mine.txt": b"mine"})
    make("-i", f"{SCHEME}{photos}", "-o", there, "-s", 16, "--overwrite")
    make("-i", f"{SCHEME}{photos}", "-o", tmp_path / "again", "-s", 16)
    assert snapshot(out) == {**snapshot(tmp_path / "again"), "mine.txt": b"mine"}


def test_what_belongs_to_no_dataset_is_left_alone(make: Make, photos: Path, tmp_path: Path) -> None:
    out = write_tree(tmp_path / "out", {"mine.txt": b"mine"})
    (shown,) = make("-i", photos, "-o", f"{SCHEME}{out}", expect=2)
    assert shown.startswith(f"image_resizer: -o '{SCHEME}{out}' holds what belongs to no dataset")
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
