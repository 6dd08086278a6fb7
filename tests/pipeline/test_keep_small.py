"""--keep_small in a dataset: which files are stored byte for byte, in every layout, and where that is recorded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from tests.pipeline.conftest import Make
from tests.support import image_bytes, jpeg, rows, snapshot, summary, write_tree
from tests.support.photos import photo
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow


@pytest.fixture
def files() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    return {
        "small.jpeg": jpeg(1, (40, 30), quality=97, exif=exif),
        "medium.jpg": jpeg(2, (60, 40)),
        "large.jpg": jpeg(3, (200, 100)),
        "other.png": image_bytes(photo(4, (40, 30)), "PNG"),
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_small_files_are_stored_as_they_are(make: Make, tmp_path: Path, files: dict[str, bytes], layout: str) -> None:
    source = write_tree(tmp_path / "in", files)
    out = tmp_path / "out"
    flags = ("-i", source, "-o", out, "-s", 64, 48, "-ext", "jpg", "--keep_small", "--layout", layout)
    shown = make(*flags)
    assert "no change needed, copied byte for byte with metadata: 2" in shown
    facts = summary(out)
    assert facts["notes"] == {"kept": 2}
    assert (facts["settings"]["keep_small"], facts["settings"]["only_shrink"]) == (True, True)
    found = {(row["source"], row["size"]): row for row in rows(out, "manifest")}
    kept = {place for place, row in found.items() if row["notes"] == ["kept"]}
    assert kept == {("small.jpeg", 64), ("small.jpeg", 48), ("medium.jpg", 64)}
    for (name, size), row in found.items():
        assert (row["sha256"] == row["source_sha256"]) is ((name, size) in kept)
        assert row["status"] == "written"
    small = found["small.jpeg", 48]
    assert (small["width"], small["height"], small["bytes"]) == (40, 30, len(files["small.jpeg"]))
    assert small["sha256"] == hashlib.sha256(files["small.jpeg"]).hexdigest()
    assert found["other.png", 64]["width"] == 40  # not enlarged either
    if layout == "files":
        assert (out / "48" / "small.jpg").read_bytes() == files["small.jpeg"]
        assert (out / "64" / "medium.jpg").read_bytes() == files["medium.jpg"]
    sentence = "Copied byte for byte with all metadata, since no change was needed (the note `kept`): 2."
    assert sentence in (out / "README.md").read_text(encoding="utf-8")
    complete = snapshot(out)
    assert any("nothing to do" in line for line in make(*flags))
    assert any("there, checked by SHA-256" in line for line in make(*flags, "--verify", "full"))
    assert snapshot(out) == complete


def test_each_source_keeps_its_own_format_without_an_extension(
    make: Make, tmp_path: Path, files: dict[str, bytes]
) -> None:
    source, out = write_tree(tmp_path / "in", {**files, "broken.png": files["other.png"][:-30]}), tmp_path / "out"
    make("-i", source, "-o", out, "-s", 64, "--keep_small")
    assert {row["source"]: row["reason"] or row["notes"] for row in rows(out, "manifest")} == {
        "broken.png": "truncated",
        "large.jpg": [],
        "medium.jpg": ["kept"],
        "other.png": ["kept"],
        "small.jpeg": ["kept"],
    }
    assert (out / "other.png").read_bytes() == files["other.png"]
