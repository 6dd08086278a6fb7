"""Every sample that other libraries load is the one of the manifest; they come with the extra `readers`."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import ROOT, jpeg, photo_tree, rows, run, sha256, write_tree
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow

pytest.importorskip("datasets")

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A dataset of each layout, in as many shards as images, so that some are empty."""
    folder = tmp_path_factory.mktemp("readers")
    source = photo_tree(folder / "train", 7)
    write_tree(source, {"a.b.jpg": jpeg(8, (50, 70)), "ü/__c.jpg": jpeg(9, (90, 30)), "broken.jpg": b"no image"})
    for layout in LAYOUTS:
        done = run("-i", source, "-o", folder / layout, "-s", 64, "--layout", layout, "--images_per_shard", 1)
        assert done.returncode == 0, done.stderr
    return {layout: folder / layout for layout in LAYOUTS}


def pixels(image: Image.Image) -> str:
    return sha256(image.convert("RGB").tobytes())


def wanted(out: Path) -> dict[str, tuple[str, int, int]]:
    """SHA-256 of each image of layout `files` -> that of its pixels, its width and its height."""
    read = {}
    for path in out.rglob("*.jpg"):
        data = path.read_bytes()
        image = Image.open(io.BytesIO(data))
        read[sha256(data)] = (pixels(image), *image.size)
    written = {row["sha256"] for row in rows(out, "manifest") if row["status"] == "written"}
    assert written == read.keys()
    assert len(written) == 9
    return read


def load(kind: str, out: Path, pattern: str, cache: Path) -> Any:
    import datasets

    return datasets.load_dataset(kind, data_files=str(out / pattern), split="train", cache_dir=str(cache))


def test_datasets_on_parquet(made: dict[str, Path], tmp_path: Path) -> None:
    import datasets

    loaded = load("parquet", made["parquet"], "*.parquet", tmp_path)
    assert isinstance(loaded.features["image"], datasets.Image)
    files = wanted(made["files"])
    assert {one["sha256"]: (pixels(one["image"]), one["width"], one["height"]) for one in loaded} == files
    manifest = {row["key"]: row["sha256"] for row in rows(made["parquet"], "manifest") if row["status"] == "written"}
    assert {one["key"]: one["sha256"] for one in loaded} == manifest
    streamed = datasets.load_dataset(
        "parquet", data_files=str(made["parquet"] / "*.parquet"), split="train", streaming=True
    )
    assert {one["sha256"]: pixels(one["image"]) for one in streamed} == {name: told[0] for name, told in files.items()}


def test_datasets_on_webdataset(made: dict[str, Path], tmp_path: Path) -> None:
    loaded = load("webdataset", made["webdataset"], "*.tar", tmp_path)
    read = {one["json"]["sha256"]: (pixels(one["jpg"]), one["json"]["width"], one["json"]["height"]) for one in loaded}
    assert read == wanted(made["files"])


def test_datasets_on_files(made: dict[str, Path], tmp_path: Path) -> None:
    loaded = load("imagefolder", made["files"], "**/*.jpg", tmp_path)
    told = sorted((pixels(one["image"]), *one["image"].size) for one in loaded)
    assert told == sorted(wanted(made["files"]).values())


def test_pyarrow(made: dict[str, Path]) -> None:
    import pyarrow.dataset

    files = sorted(str(path) for path in made["parquet"].glob("*.parquet"))
    table = pyarrow.dataset.dataset(files).to_table(columns=["image", "sha256", "width", "height"]).to_pylist()
    read = {}
    for one in table:
        data = one["image"]["bytes"]
        assert sha256(data) == one["sha256"]
        read[sha256(data)] = (pixels(Image.open(io.BytesIO(data))), one["width"], one["height"])
    assert read == wanted(made["files"])


def test_duckdb(made: dict[str, Path]) -> None:
    import duckdb

    query = f"SELECT sha256(image.bytes), sha256, width, height FROM '{made['parquet']}/*.parquet'"
    read = duckdb.execute(query).fetchall()
    assert all(hashed == told for hashed, told, _, _ in read)
    assert {told: size for _, told, *size in read} == {
        name: list(told[1:]) for name, told in wanted(made["files"]).items()
    }


def test_tfrecord(made: dict[str, Path]) -> None:
    from tfrecord.reader import tfrecord_loader

    read = {}
    for path in made["tfrecord"].glob("*.tfrecord"):
        for one in tfrecord_loader(str(path), None):
            data = bytes(one["image/encoded"])
            assert sha256(data).encode() == one["image/key/sha256"]
            size = (int(one["image/width"][0]), int(one["image/height"][0]))
            read[one["manifest/sha256"].decode()] = (pixels(Image.open(io.BytesIO(data))), *size)
    assert read == wanted(made["files"])


@pytest.mark.parametrize(("layout", "number"), [("parquet", 2), ("parquet", 3), ("parquet", 4), ("tfrecord", 5)])
def test_how_to_read_the_result(tmp_path: Path, made: dict[str, Path], layout: str, number: int) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "train").symlink_to(made[layout])
    code = re.findall(r"```python\n(.*?)```", README.partition("## Reading the result")[2], re.DOTALL)[number]
    assert len([line for line in code.splitlines() if line]) <= 11
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=environment)
    written = [row for row in rows(made[layout], "manifest") if row["status"] == "written"]
    assert sorted(shown.stdout.splitlines()) == sorted(
        f"{row['key']} ({row['width']}, {row['height']})" for row in written
    )
