"""The line that a run logs at its end loads every image of the dataset."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support import photo_tree, run

pytest.importorskip("datasets")
pytest.importorskip("tfrecord")


def loaded(out: Path, *flags: object) -> dict[str, Any]:
    """Create a dataset of two splits with four and three images, run the line, and return the names that it defines."""
    inputs = [photo_tree(out.parent / "a", 4), photo_tree(out.parent / "b", 3)]
    done = run("-i", *inputs, "-o", out, *flags)
    assert done.returncode == 0, done.stderr
    (line,) = re.findall(r"load it in Python: (.*)", done.stderr)
    names: dict[str, Any] = {}
    exec(line, names)
    return names


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet"])
@pytest.mark.parametrize("size", [[32], [64, 32]])
def test_with_datasets(tmp_path: Path, layout: str, size: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")  # it may contain another dataset `out`
    dataset = loaded(tmp_path / "out", "-s", *size, "-ext", "jpg", "--layout", layout)["dataset"]
    assert {split: len(rows) for split, rows in dataset.items()} == {"a": 4, "b": 3}
    image = dataset["a"][0]["jpg" if layout == "webdataset" else "image"]
    assert max(image.size) == size[0]


def test_with_tfrecord(tmp_path: Path) -> None:
    names = loaded(tmp_path / "out [1]", "-s", 64, 32, "-ext", "jpg", "--layout", "tfrecord", "--images_per_shard", 2)
    assert [max(sample["image/width"][0], sample["image/height"][0]) for sample in names["samples"]] == [64] * 7


def test_with_pillow(tmp_path: Path) -> None:
    names = loaded(tmp_path / "out", "-s", 64, 32, "-ext", "avif")
    assert [max(image.size) for image in names["images"]] == [64] * 4  # the images of the first split
