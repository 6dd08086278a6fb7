"""HEIC and JPEG XL in a dataset: with the extras, without them, and with extras that are installed between two runs."""

from __future__ import annotations

import io
from pathlib import Path

import pillow_heif
import pillow_jxl  # noqa: F401  # registers the encoder with Pillow
import pytest
from PIL import Image

from tests.pipeline.conftest import Make
from tests.support import image_bytes, jpeg, rows, snapshot, summary, write_tree
from tests.support.photos import photo
from transforms.dataset.plan import read_plan
from transforms.imaging import extras

pytestmark = pytest.mark.slow

LEFT_OUT = {
    "2 .heic files left out: pip install 'downsampled-open-images[heif]'",
    "1 .jxl file left out: pip install 'downsampled-open-images[jxl]'",
}


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    """Return a folder with a JPEG, two HEIC files and a JPEG XL."""
    files = {"a.jpg": jpeg(1, (60, 40)), "d.jxl": image_bytes(photo(4, (60, 40)), "JXL")}
    for seed, name in enumerate(("b.heic", "sub/C.HEIC"), 2):
        buffer = io.BytesIO()
        pillow_heif.from_pillow(photo(seed, (60, 40))).save(buffer)
        files[name] = buffer.getvalue()
    return write_tree(tmp_path / "phone", files)


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Make the extras with these modules unavailable in this process."""
    monkeypatch.setattr(extras, "_is_there", lambda module: module not in modules)


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet"])
def test_a_phones_pictures_are_images_as_others(make: Make, phone: Path, tmp_path: Path, layout: str) -> None:
    out = tmp_path / "out"
    shown = make("-i", phone, "-o", out, "-s", 30, "-ext", "jpg", "--layout", layout)
    assert "4 images matched: 4 written, 0 failed, 0 skipped" in shown
    assert not any("left out" in line for line in shown)
    found = {row["source"]: (row["key"], row["source_format"], row["width"]) for row in rows(out, "manifest")}
    assert found == {
        "a.jpg": ("a", "JPEG", 30),
        "b.heic": ("b", "HEIF", 30),
        "d.jxl": ("d", "JXL", 30),
        "sub/C.HEIC": ("sub/C", "HEIF", 30),
    }
    versions = summary(out)["settings"]["versions"]
    assert {"pillow-heif", "pillow-jxl-plugin"} < set(versions)
    if layout == "files":
        assert Image.open(out / "sub" / "C.jpg").size == (30, 20)
        make("-i", phone, "-o", tmp_path / "one", "-s", 30, "-ext", "jpg", "-j", 1)
        assert snapshot(tmp_path / "one") == snapshot(out)


def test_a_dataset_goes_on_when_an_extra_is_installed_and_stops_when_it_is_gone(
    make: Make, phone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    flags = ("-i", phone, "-o", out, "-s", 30, "-ext", "jpg")
    with monkeypatch.context() as context:
        without(context, "pillow_heif", "pillow_jxl")
        shown = make(*flags)
        assert "1 image matched: 1 written, 0 failed, 0 skipped" in shown
        assert set(shown) >= LEFT_OUT
        assert summary(out)["not_images"] == {".heic": 2, ".jxl": 1}
    assert "4 images matched: 4 written, 0 failed, 0 skipped" in make(*flags)
    plan = read_plan(str(out))
    assert plan is not None
    assert plan.settings["versions"]["pillow-heif"] == extras.HEIF.version
    make("-i", phone, "-o", tmp_path / "whole", "-s", 30, "-ext", "jpg")
    assert snapshot(tmp_path / "whole") == snapshot(out)
    without(monkeypatch, "pillow_heif")
    (refusal,) = make(*flags, expect=2)
    assert refusal == (
        f"image_resizer: '{out}' holds a dataset made with pillow-heif, which is not installed here, so its images "
        "would be left out: pip install 'downsampled-open-images[heif]', use another -o, or start over with "
        "--overwrite"
    )


def test_a_folder_of_heic_alone_says_what_to_install(
    make: Make, phone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "pillow_heif", "pillow_jxl")
    (phone / "a.jpg").unlink()
    (shown,) = make("-i", phone, "-o", tmp_path / "out", expect=2)
    assert shown == (
        f"image_resizer: -i '{phone}' contains no images: 2 .heic, 1 .jxl; pip install "
        "'downsampled-open-images[heif]', or pip install 'downsampled-open-images[jxl]', or use a folder or pattern "
        "that contains images"
    )
