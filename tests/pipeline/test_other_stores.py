"""A store that is neither the local disk nor Google Cloud Storage, and accessible only through Beam."""

from pathlib import Path

import pytest

from tests.disk_store import SCHEME
from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, snapshot, summary, write_tree
from tests.support.state import markers

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("layout", ["files", "webdataset"])
def test_a_dataset_is_made_continued_verified_and_overwritten(
    make: Make, photos: Path, tmp_path: Path, layout: str
) -> None:
    flags = ("-i", f"{SCHEME}{photos}", "-s", 24, 12, "--layout", layout, "--images_per_shard", 2)
    out, store_out = tmp_path / "out", f"{SCHEME}{tmp_path}/out"
    make(*flags, "-o", store_out)
    make(*flags, "-o", tmp_path / "here")
    assert snapshot(out) == snapshot(tmp_path / "here")
    assert {path.name for path in (out / ".run").iterdir()} >= {"config.json", "receipts", "shards"}
    assert not (out / ".run" / "lease.json").exists()

    shown = make(*flags, "-o", store_out)
    assert "nothing to do: all 9 images were already committed, and none was read" in shown

    deleted = min(path for path in snapshot(out) if path.startswith("24/"))
    (out / deleted).unlink()
    assert any(f"{deleted!r} is missing" in line for line in make(*flags, "-o", store_out, "--verify", expect=1))
    before = markers(out)
    make(*flags, "-o", store_out)
    assert len(set(markers(out).items()) - set(before.items())) == 1
    assert snapshot(out) == snapshot(tmp_path / "here")

    write_tree(out, {"mine.txt": b"mine"})
    make("-i", f"{SCHEME}{photos}", "-o", store_out, "-s", 16, "--overwrite")
    make("-i", f"{SCHEME}{photos}", "-o", tmp_path / "again", "-s", 16)
    assert snapshot(out) == {**snapshot(tmp_path / "again"), "mine.txt": b"mine"}


def test_system_files_and_any_name(make: Make, tmp_path: Path) -> None:
    files = {"a.jpg": jpeg(1, (30, 20)), "b.jpg?size=large": jpeg(2, (30, 20)), "__MACOSX/._a.jpg": b"", "x.svg": b""}
    source = write_tree(tmp_path / "in", files)
    make("-i", f"{SCHEME}{source}", "-o", tmp_path / "out", "-s", 16)
    facts = summary(tmp_path / "out")
    assert (facts["images"]["written"], facts["not_images"], facts["system_files"]) == (1, {".*": 1, ".svg": 1}, 1)
    make("-i", f"{SCHEME}{source}", "-o", tmp_path / "any", "-s", 16, "--any_name")
    outputs = {row["key"]: row["path"] or row["reason"] for row in rows(tmp_path / "any", "manifest")}
    assert outputs == {"a": "a.jpg", "b.jpg?size=large": "b.jpg?size=large.jpg", "x": "empty-file"}
    message = (
        "contains no images: 1 .svg; convert .svg to JPEG or PNG, because no installed decoder supports it, or "
        "use a folder or"
    )
    (shown,) = make("-i", f"{SCHEME}{source}/*.svg", "-o", tmp_path / "none", expect=1)
    assert message in shown


def test_foreign_files_are_left_alone(make: Make, photos: Path, tmp_path: Path) -> None:
    out = write_tree(tmp_path / "out", {"mine.txt": b"mine"})
    (shown,) = make("-i", photos, "-o", f"{SCHEME}{out}", expect=2)
    assert shown.startswith(f"image_resizer: -o '{SCHEME}{out}' contains files that do not belong to a dataset")
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_an_input_that_matches_nothing_is_refused(make: Make, tmp_path: Path) -> None:
    (shown,) = make("-i", f"{SCHEME}{tmp_path}/none", "-o", tmp_path / "out", expect=2)
    assert shown == (
        f"image_resizer: -i '{SCHEME}{tmp_path}/none/**' matches nothing: use a path or pattern that matches images"
    )
    assert not (tmp_path / "out").exists()
