"""Load every sample with other libraries and compare it with the manifest; the extra `readers` installs them."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import jpeg, photo_tree, rows, run, sha256, write_tree
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow

pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def out_dirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a dataset of each layout, with as many shards as images, so that some shards are empty."""
    folder = tmp_path_factory.mktemp("readers")
    source = photo_tree(folder / "train", 7)
    write_tree(source, {"a.b.jpg": jpeg(8, (50, 70)), "ü/__c.jpg": jpeg(9, (90, 30)), "broken.jpg": b"no image"})
    for layout in LAYOUTS:
        process = run("-i", source, "-o", folder / layout, "-s", 64, "--layout", layout, "--images_per_shard", 1)
        assert process.returncode == 0, process.stderr
    return {layout: folder / layout for layout in LAYOUTS}


def pixels(image: Image.Image) -> str:
    return sha256(image.convert("RGB").tobytes())


def wanted(out: Path) -> dict[str, tuple[str, int, int]]:
    """Return SHA-256 -> the SHA-256 of the pixels, the width and the height of each image of layout `files`."""
    images = {}
    for path in out.rglob("*.jpg"):
        data = path.read_bytes()
        image = Image.open(io.BytesIO(data))
        images[sha256(data)] = (pixels(image), *image.size)
    written = {row["sha256"] for row in rows(out, "manifest") if row["status"] == "written"}
    assert written == images.keys()
    assert len(written) == 9
    return images


def load(kind: str, out: Path, pattern: str, cache: Path) -> Any:
    import datasets

    return datasets.load_dataset(kind, data_files=str(out / pattern), split="train", cache_dir=str(cache))


def test_datasets_on_parquet(out_dirs: dict[str, Path], tmp_path: Path) -> None:
    import datasets

    loaded = load("parquet", out_dirs["parquet"], "*.parquet", tmp_path)
    assert isinstance(loaded.features["image"], datasets.Image)
    files = wanted(out_dirs["files"])
    assert {
        sample["sha256"]: (pixels(sample["image"]), sample["width"], sample["height"]) for sample in loaded
    } == files
    manifest = {
        row["key"]: row["sha256"] for row in rows(out_dirs["parquet"], "manifest") if row["status"] == "written"
    }
    assert {sample["key"]: sample["sha256"] for sample in loaded} == manifest
    streamed = datasets.load_dataset(
        "parquet", data_files=str(out_dirs["parquet"] / "*.parquet"), split="train", streaming=True
    )
    assert {sample["sha256"]: pixels(sample["image"]) for sample in streamed} == {
        name: image[0] for name, image in files.items()
    }


def test_datasets_on_webdataset(out_dirs: dict[str, Path], tmp_path: Path) -> None:
    loaded = load("webdataset", out_dirs["webdataset"], "*.tar", tmp_path)
    records = [(sample["json"], pixels(sample["jpg"])) for sample in loaded]
    images = {record["sha256"]: (shown, record["width"], record["height"]) for record, shown in records}
    assert images == wanted(out_dirs["files"])


def test_datasets_on_files(out_dirs: dict[str, Path], tmp_path: Path) -> None:
    loaded = load("imagefolder", out_dirs["files"], "**/*.jpg", tmp_path)
    images = sorted((pixels(sample["image"]), *sample["image"].size) for sample in loaded)
    assert images == sorted(wanted(out_dirs["files"]).values())


def test_pyarrow(out_dirs: dict[str, Path]) -> None:
    import pyarrow.dataset

    files = sorted(str(path) for path in out_dirs["parquet"].glob("*.parquet"))
    table = pyarrow.dataset.dataset(files).to_table(columns=["image", "sha256", "width", "height"]).to_pylist()
    images = {}
    for row in table:
        data = row["image"]["bytes"]
        assert sha256(data) == row["sha256"]
        images[sha256(data)] = (pixels(Image.open(io.BytesIO(data))), row["width"], row["height"])
    assert images == wanted(out_dirs["files"])


def test_duckdb(out_dirs: dict[str, Path]) -> None:
    import duckdb

    query = f"SELECT sha256(image.bytes), sha256, width, height FROM '{out_dirs['parquet']}/*.parquet'"
    found = duckdb.execute(query).fetchall()
    assert all(computed == stored for computed, stored, _, _ in found)
    assert {stored: size for _, stored, *size in found} == {
        name: list(image[1:]) for name, image in wanted(out_dirs["files"]).items()
    }


def test_tfrecord(out_dirs: dict[str, Path]) -> None:
    from tfrecord.reader import tfrecord_loader

    images = {}
    for path in out_dirs["tfrecord"].glob("*.tfrecord"):
        for sample in tfrecord_loader(str(path), None):
            data = bytes(sample["image/encoded"])
            assert sha256(data).encode() == sample["image/key/sha256"]
            size = (int(sample["image/width"][0]), int(sample["image/height"][0]))
            images[sample["manifest/sha256"].decode()] = (pixels(Image.open(io.BytesIO(data))), *size)
    assert images == wanted(out_dirs["files"])
