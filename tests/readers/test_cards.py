"""Load whole datasets by their cards, by croissant.json, and with the code on their cards."""

import io
import json
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
def out_dirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return datasets of two splits and two sizes. Some images have a label by their folder, and some a caption."""
    folder = tmp_path_factory.mktemp("cards")
    train = photo_tree(folder / "train", 7)
    write_tree(train, {"broken.jpg": b"no image", "cat/x.jpg": jpeg(8, (50, 70)), "cat/y.z.jpg": jpeg(9, (90, 30))})
    val = write_tree(folder / "b-1", {"dog/a.jpg": jpeg(20, (40, 40)), "dog/ü b.jpg": jpeg(21, (40, 60))})
    captions = folder / "captions.csv"
    captions.write_text("key,caption,score\ntrain/cat/x,a cat,0.5\nb-1/dog/a,,2\n")
    for layout in LAYOUTS:
        process = run(
            *("-i", train, val, "-o", folder / layout, "-s", *SIZES, "--layout", layout, "--images_per_shard", 1),
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
        assert process.returncode == 0, process.stderr
    return {layout: folder / layout for layout in LAYOUTS}


def pixels(image: Image.Image) -> tuple[str, int, int]:
    return sha256(image.convert("RGB").tobytes()), *image.size


def wanted(out_dirs: dict[str, Path], size: int, split: str) -> dict[tuple[str, int, int], Row]:
    """Return pixels -> the row of each image."""
    out = out_dirs["files"]
    written = [row for row in rows(out, "manifest") if row["status"] == "written" and row["size"] == size]
    return {pixels(Image.open(out / row["path"])): row for row in written if row["key"].startswith(f"{split}/")}


def load(out: Path, size: int, cache: Path) -> Any:
    return datasets.load_dataset(str(out), str(size), cache_dir=str(cache))


def samples(
    out_dirs: dict[str, Path], layout: str, size: int, image: str, cache: Path
) -> Iterator[tuple[Any, Row, Row]]:
    """Yield the features, the sample and the row of each image. The sample's column `image` contains the pixels."""
    loaded = load(out_dirs[layout], size, cache)
    assert set(loaded) == {"train", "b_1"}
    for split in SPLITS:
        loaded_split = loaded[split.replace("-", "_")]
        files = wanted(out_dirs, size, split)
        by_pixels = {pixels(sample[image]): sample for sample in loaded_split}
        assert by_pixels.keys() == files.keys()
        assert len(loaded_split) == len(by_pixels) > 0
        yield from ((loaded_split.features, by_pixels[name], row) for name, row in files.items())


@pytest.mark.parametrize("size", SIZES)
def test_files_load_by_their_card(out_dirs: dict[str, Path], tmp_path: Path, size: int) -> None:
    for _, sample, row in samples(out_dirs, "files", size, "image", tmp_path):
        assert [sample[column] for column in ("label", "label_name", "caption", "score")] == [
            -1 if row["label"] is None else row["label"],
            *(row["label_name"] or "", row["caption"] or "", "" if row["score"] is None else str(row["score"])),
        ]


@pytest.mark.parametrize("size", SIZES)
def test_webdataset_loads_by_its_card(out_dirs: dict[str, Path], tmp_path: Path, size: int) -> None:
    for features, sample, row in samples(out_dirs, "webdataset", size, "jpg", tmp_path):
        assert features["cls"] == datasets.ClassLabel(names=["cat", "dog", "er"])
        assert (sample["cls"], sample["json"]["caption"]) == (row["label"], row["caption"])
        assert sample["json"]["sha256"] == row["sha256"]


@pytest.mark.parametrize("size", SIZES)
def test_parquet_loads_by_its_card(out_dirs: dict[str, Path], tmp_path: Path, size: int) -> None:
    for features, sample, row in samples(out_dirs, "parquet", size, "image", tmp_path):
        assert features["label"] == datasets.ClassLabel(names=["cat", "dog", "er"])
        columns = set(sample) - {"image"}
        assert {column: sample[column] for column in columns} == {column: row[column] for column in columns}


def test_some_archives_are_empty(out_dirs: dict[str, Path]) -> None:
    for layout in ("webdataset", "parquet"):
        archives = [json.loads(line) for line in (out_dirs[layout] / "shards.jsonl").read_text().splitlines()]
        assert 0 in {row["samples"] for row in archives}


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet"])
def test_mlcroissant_reads_all(
    out_dirs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    from etils import epath

    unpacked = "mlcroissant._src.operation_graph.operations.extract.EXTRACT_PATH"
    monkeypatch.setattr(unpacked, epath.Path(tmp_path / "extract"))  # by default, all datasets of a user share it
    described = mlcroissant.Dataset(str(out_dirs[layout] / "croissant.json"))
    assert not described.metadata.ctx.issues.errors
    for size in SIZES:
        for split in SPLITS:
            name = f"{size}-{split.replace('-', '_')}"
            files = wanted(out_dirs, size, split)
            records = {pixels(record[f"{name}/image"]): record for record in described.records(name)}
            assert records.keys() == files.keys()
            for row_name, row in files.items():
                if layout == "parquet":
                    assert records[row_name][f"{name}/key"].decode() == row["key"]
                    assert records[row_name][f"{name}/label"] == row["label"]


def test_mlcroissant_reads_png(tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    source = photo_tree(tmp_path / "in", 4)
    out = tmp_path / "out"
    assert run("-i", source, "-o", out, "-s", 16, "-ext", "png").returncode == 0
    records = mlcroissant.Dataset(str(out / "croissant.json")).records("16-train")
    images = {pixels(record["16-train/image"]) for record in records}
    assert images == {pixels(Image.open(path)) for path in out.rglob("*.png")}
    assert len(images) == 4


def test_webdataset_reads_every_sample(out_dirs: dict[str, Path]) -> None:
    webdataset = pytest.importorskip("webdataset")
    for size in SIZES:
        for split in SPLITS:
            archives = sorted(str(path) for path in (out_dirs["webdataset"] / str(size)).glob(f"{split}-*.tar"))
            samples = list(webdataset.WebDataset(archives, shardshuffle=False, empty_check=False))
            by_pixels = {pixels(Image.open(io.BytesIO(sample["jpg"]))): sample for sample in samples}
            files = wanted(out_dirs, size, split)
            assert by_pixels.keys() == files.keys()
            assert [int(by_pixels[name]["cls"]) if "cls" in by_pixels[name] else None for name in files] == [
                row["label"] for row in files.values()
            ]


def test_files_as_a_map_style_dataset(out_dirs: dict[str, Path]) -> None:
    """Read a dataset with `len` and `[index]`, which are all that torch's DataLoader needs."""

    class Images:
        def __init__(self, folder: Path) -> None:
            self.folder = folder
            lines = (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
            self.rows = [json.loads(line) for line in lines]

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, index: int) -> tuple[Image.Image, int]:
            return Image.open(self.folder / self.rows[index]["file_name"]), self.rows[index]["label"]

    images = Images(out_dirs["files"] / "64" / "train")
    labels = {pixels(image): label for image, label in (images[index] for index in range(len(images)))}
    assert labels == {
        name: -1 if row["label"] is None else row["label"] for name, row in wanted(out_dirs, 64, "train").items()
    }
