"""A dataset is loaded whole by its card, by croissant.json, and by the lines that its card shows."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import Row, jpeg, photo_tree, rows, run, sha256, write_tree

pytestmark = pytest.mark.slow

datasets = pytest.importorskip("datasets")

SPLITS = ("train", "b-1")
SIZES = (64, 32)
LAYOUTS = ("files", "webdataset", "parquet", "tfrecord")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Datasets of two splits and two sizes, labelled by folder but for some images, and with captions for some."""
    folder = tmp_path_factory.mktemp("cards")
    train = photo_tree(folder / "train", 7)
    write_tree(train, {"broken.jpg": b"no image", "cat/x.jpg": jpeg(8, (50, 70)), "cat/y.z.jpg": jpeg(9, (90, 30))})
    other = write_tree(folder / "b-1", {"dog/a.jpg": jpeg(20, (40, 40)), "dog/ü b.jpg": jpeg(21, (40, 60))})
    captions = folder / "captions.csv"
    captions.write_text("key,caption,score\ntrain/cat/x,a cat,0.5\nb-1/dog/a,,2\n")
    for layout in LAYOUTS:
        done = run(
            *("-i", train, other, "-o", folder / layout, "-s", *SIZES, "--layout", layout, "--images_per_shard", 1),
            *(
                "--label_from",
                "folder",
                "--columns",
                captions,
                "--name",
                "a: 'b' \"c\" | # d",
                "--license",
                "cc-by-4.0",
            ),
        )
        assert done.returncode == 0, done.stderr
    return {layout: folder / layout for layout in LAYOUTS}


def pixels(image: Image.Image) -> tuple[str, int, int]:
    return sha256(image.convert("RGB").tobytes()), *image.size


def wanted(made: dict[str, Path], size: int, split: str) -> dict[tuple[str, int, int], Row]:
    """The pixels of each image -> its row."""
    out = made["files"]
    told = [row for row in rows(out, "manifest") if row["status"] == "written" and row["size"] == size]
    return {pixels(Image.open(out / row["path"])): row for row in told if row["key"].startswith(f"{split}/")}


def load(out: Path, size: int, cache: Path) -> Any:
    return datasets.load_dataset(str(out), str(size), cache_dir=str(cache))


def samples(made: dict[str, Path], layout: str, size: int, image: str, cache: Path) -> Iterator[tuple[Any, Row, Row]]:
    """The features, the sample and the row of each image, whose pixels are in the sample's column `image`."""
    loaded = load(made[layout], size, cache)
    assert set(loaded) == {"train", "b_1"}
    for split in SPLITS:
        one_split = loaded[split.replace("-", "_")]
        files = wanted(made, size, split)
        read = {pixels(one[image]): one for one in one_split}
        assert read.keys() == files.keys()
        assert len(one_split) == len(read) > 0
        yield from ((one_split.features, read[name], row) for name, row in files.items())


@pytest.mark.parametrize("size", SIZES)
def test_files_by_their_card(made: dict[str, Path], tmp_path: Path, size: int) -> None:
    for _, sample, row in samples(made, "files", size, "image", tmp_path):
        assert [sample[column] for column in ("label", "label_name", "caption", "score")] == [
            -1 if row["label"] is None else row["label"],
            *(row["label_name"] or "", row["caption"] or "", "" if row["score"] is None else str(row["score"])),
        ]


@pytest.mark.parametrize("size", SIZES)
def test_webdataset_by_its_card(made: dict[str, Path], tmp_path: Path, size: int) -> None:
    for features, sample, row in samples(made, "webdataset", size, "jpg", tmp_path):
        assert features["cls"] == datasets.ClassLabel(names=["cat", "dog", "er"])
        assert (sample["cls"], sample["json"]["caption"]) == (row["label"], row["caption"])
        assert sample["json"]["sha256"] == row["sha256"]


@pytest.mark.parametrize("size", SIZES)
def test_parquet_by_its_card(made: dict[str, Path], tmp_path: Path, size: int) -> None:
    for features, sample, row in samples(made, "parquet", size, "image", tmp_path):
        assert features["label"] == datasets.ClassLabel(names=["cat", "dog", "er"])
        columns = set(sample) - {"image"}
        assert {column: sample[column] for column in columns} == {column: row[column] for column in columns}


def test_an_empty_first_archive_is_among_them(made: dict[str, Path]) -> None:
    for layout in ("webdataset", "parquet"):
        archives = [json.loads(line) for line in (made[layout] / "shards.jsonl").read_text().splitlines()]
        assert 0 in {row["samples"] for row in archives}


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet"])
def test_croissant(made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    from etils import epath

    unpacked = "mlcroissant._src.operation_graph.operations.extract.EXTRACT_PATH"
    monkeypatch.setattr(unpacked, epath.Path(tmp_path / "extract"))  # by itself, one for all datasets of this user
    described = mlcroissant.Dataset(str(made[layout] / "croissant.json"))
    assert not described.metadata.ctx.issues.errors
    for size in SIZES:
        for split in SPLITS:
            name = f"{size}-{split.replace('-', '_')}"
            files = wanted(made, size, split)
            read = {pixels(one[f"{name}/image"]): one for one in described.records(name)}
            assert read.keys() == files.keys()
            for row_name, row in files.items():
                if layout == "parquet":
                    assert read[row_name][f"{name}/key"].decode() == row["key"]
                    assert read[row_name][f"{name}/label"] == row["label"]


def test_croissant_of_pngs(tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    source = photo_tree(tmp_path / "in", 4)
    out = tmp_path / "out"
    assert run("-i", source, "-o", out, "-s", 16, "-ext", "png").returncode == 0
    read = {pixels(one["16-in/image"]) for one in mlcroissant.Dataset(str(out / "croissant.json")).records("16-in")}
    assert read == {pixels(Image.open(path)) for path in out.rglob("*.png")}
    assert len(read) == 4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_lines_that_a_card_shows(made: dict[str, Path], layout: str) -> None:
    shown = (made[layout] / "README.md").read_text(encoding="utf-8")
    pieces = re.findall(r"```python\n(.*?)\n```", shown, re.DOTALL)
    assert len(pieces) == {"files": 2, "webdataset": 2, "parquet": 3, "tfrecord": 1}[layout]
    for code in pieces:
        assert len([line for line in code.splitlines() if line]) <= 5
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=made[layout], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_webdataset_reads_every_sample(made: dict[str, Path]) -> None:
    webdataset = pytest.importorskip("webdataset")
    for size in SIZES:
        for split in SPLITS:
            archives = sorted(str(path) for path in (made["webdataset"] / str(size)).glob(f"{split}-*.tar"))
            samples = list(webdataset.WebDataset(archives, shardshuffle=False, empty_check=False))
            read = {pixels(Image.open(io.BytesIO(one["jpg"]))): one for one in samples}
            files = wanted(made, size, split)
            assert read.keys() == files.keys()
            assert [int(read[name]["cls"]) if "cls" in read[name] else None for name in files] == [
                row["label"] for row in files.values()
            ]


def test_files_as_torch_indexes_them(made: dict[str, Path]) -> None:
    """A map-style dataset: `len` and `[index]` are all that a torch DataLoader asks for."""

    class Images:
        def __init__(self, folder: Path) -> None:
            self.folder = folder
            lines = (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
            self.rows = [json.loads(line) for line in lines]

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, index: int) -> tuple[Image.Image, int]:
            return Image.open(self.folder / self.rows[index]["file_name"]), self.rows[index]["label"]

    images = Images(made["files"] / "64" / "train")
    read = {pixels(image): label for image, label in (images[index] for index in range(len(images)))}
    assert read == {
        name: -1 if row["label"] is None else row["label"] for name, row in wanted(made, 64, "train").items()
    }
