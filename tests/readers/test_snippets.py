"""Every snippet of README.md, of docs/ and of a dataset's card reads each image of one size exactly once.

docs/python.md is about single images and not about datasets; tests/packaging runs its snippets.
"""

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import ROOT, Row, image_bytes, jpeg, rows, run, write_tree
from tests.support.photos import photo
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow

datasets = pytest.importorskip("datasets")

_CODE = re.compile(r"```python\n(.*?)\n```", re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SNIPPETS = [
    (f"{path.name} {number}", code)
    for path in PAGES
    if path.name != "python.md"
    for number, code in enumerate(_CODE.findall(path.read_text(encoding="utf-8")))
]

# Name -> sizes and folders of the input. The snippets use the first size.
SHAPES = {
    "one size": ((512,), ("photos",)),
    "two sizes": ((512, 256), ("photos",)),
    "two splits": ((512,), ("train", "b-1")),
    "two sizes and two splits": ((512, 256), ("train", "b-1")),
}


class Dataset(NamedTuple):
    """A dataset in `folder`, and the (width, height) of each of its images at 512 px, all of them different."""

    folder: Path
    out: Path
    wanted: list[tuple[int, int]]


Made = Callable[[str, str], Dataset]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a function that returns a dataset of a shape in a layout, created with README.md's command."""

    @functools.cache
    def made(shape: str, layout: str) -> Dataset:
        return make(tmp_path_factory.mktemp("snippets"), layout, *SHAPES[shape], "-ext", "jpg")

    return made


def make(folder: Path, layout: str, sizes: tuple[int, ...], inputs: tuple[str, ...], *flags: str) -> Dataset:
    heights = iter(range(100, 1000, 10))
    for name in inputs:
        names = ("a.b.jpg", "c/d.jpg", "c/ü.jpg", "__e.jpg")
        write_tree(
            folder / "data" / name, {file: jpeg(1, (600, next(heights))) for file in names} | {"bad.jpg": b"none"}
        )
    out = folder / "output" / "sizes"
    shards = ("--images_per_shard", 1) if layout != "files" else ()
    process = run(
        *(
            "-i",
            *(folder / "data" / name for name in inputs),
            "-o",
            out,
            "-s",
            *sizes,
            "--layout",
            layout,
            *shards,
            *flags,
        )
    )
    assert process.returncode == 0, process.stderr
    wanted = sorted((row["width"], row["height"]) for row in written_at(out, 512))
    assert len(wanted) == len(set(wanted)) >= 4 * len(inputs)
    return Dataset(folder, out, wanted)


def written_at(out: Path, size: int) -> list[Row]:
    return [row for row in rows(out, "manifest") if row["status"] == "written" and row["size"] == size]


def lines_of(code: str, folder: Path) -> list[str]:
    """Run a snippet in a folder, and return the lines that it prints."""
    for module in re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE):
        if module not in ("os", "io", "json", "pathlib", "PIL", "transforms"):
            pytest.importorskip(module)
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


def read_sizes(code: str, folder: Path) -> list[tuple[int, int]]:
    """Run a snippet in a folder, and return the (width, height) in each line that it prints, sorted."""
    found = [re.findall(r"(?:\((?:'.*', )?|size=)(\d+)(?:, |x)(\d+)", line)[-1] for line in lines_of(code, folder)]
    return sorted((int(width), int(height)) for width, height in found)


def layouts_of(code: str) -> list[str]:
    """Return the layouts that a snippet of the documentation reads."""
    modules = {"webdataset": "webdataset", "pyarrow": "parquet", "duckdb": "parquet", "tfrecord": "tfrecord"}
    named = [layout for module, layout in modules.items() if f"import {module}" in code or f"from {module}" in code]
    if named:
        return named
    return ["files", "webdataset", "parquet"] if "load_dataset" in code else ["files"]


def of_documents() -> Iterator[tuple[str, str, str, str]]:
    for name, code in SNIPPETS:
        if "map_box" not in code:
            yield from ((name, code, layout, shape) for layout in layouts_of(code) for shape in SHAPES)


@pytest.mark.parametrize(
    ("code", "layout", "shape"), [pytest.param(*of[1:], id=f"{of[0]}-{of[2]}-{of[3]}") for of in of_documents()]
)
def test_a_snippet_of_the_documents(made: Made, code: str, layout: str, shape: str) -> None:
    dataset = made(shape, layout)
    assert read_sizes(code, dataset.folder) == dataset.wanted


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_snippet_about_boxes(made: Made, layout: str, shape: str) -> None:
    ((_, code),) = [snippet for snippet in SNIPPETS if "map_box" in snippet[1]]
    dataset = made(shape, layout)
    shown = sorted(line.partition(" ")[::2] for line in lines_of(code, dataset.folder))
    written = written_at(dataset.out, 512)
    assert [key for key, _ in shown] == sorted(row["key"] for row in written)
    for (_, box), row in zip(shown, sorted(written, key=lambda row: row["key"]), strict=True):
        width, height = row["width"], row["height"]
        wanted = (0.1 * width, 0.2 * height, 0.5 * width, 0.9 * height)
        assert json.loads(f"[{box[1:-1]}]") == pytest.approx(wanted)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_snippets_of_a_card(made: Made, layout: str, shape: str) -> None:
    dataset = made(shape, layout)
    snippets = _CODE.findall((dataset.out / "README.md").read_text(encoding="utf-8"))
    assert len(snippets) == {"files": 2, "webdataset": 2, "parquet": 3, "tfrecord": 1}[layout]
    for code in snippets:
        assert read_sizes(code, dataset.out) == dataset.wanted
    if len(SHAPES[shape][0]) > 1:
        card = (dataset.out / "README.md").read_text(encoding="utf-8")
        assert "Each example loads the images of 512 px, each image once: use 256 for another size." in card
        smaller = sorted((row["width"], row["height"]) for row in written_at(dataset.out, 256))
        for code in snippets:
            assert read_sizes(code.replace("512", "256"), dataset.out) == smaller


@pytest.mark.parametrize("extension", ["", "png", "webp", "avif"])
def test_the_snippets_of_the_card_of_another_format(tmp_path: Path, extension: str) -> None:
    for layout in LAYOUTS:
        folder = tmp_path / layout
        write_tree(folder / "data" / "photos", {"as.png": image_bytes(photo(1, (600, 90)), "PNG")})
        dataset = make(folder, layout, (512,), ("photos",), "-ext", extension)
        snippets = _CODE.findall((dataset.out / "README.md").read_text(encoding="utf-8"))
        for code in snippets:
            assert read_sizes(code, dataset.out) == dataset.wanted


@pytest.mark.parametrize(("layout", "extension"), [("tfrecord", "jpg"), ("files", "avif")])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_datasets_cannot_load_it_refuses_in_words(tmp_path: Path, layout: str, extension: str, shape: str) -> None:
    dataset = make(tmp_path, layout, *SHAPES[shape], "-ext", extension)
    for size in ([], [str(SHAPES[shape][0][0])]):
        with pytest.raises(FileNotFoundError, match=r"^No \(supported\) data files found in "):
            datasets.load_dataset(str(dataset.out), *size, cache_dir=str(tmp_path / "cache"))
    card = (dataset.out / "README.md").read_text(encoding="utf-8")
    assert "`load_dataset` of Hugging Face's datasets cannot read these files" in card


def test_a_single_input_is_loaded_as_train(made: Made, tmp_path: Path) -> None:
    for layout in ("files", "webdataset", "parquet"):
        out = made("two sizes", layout).out
        assert len(datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / layout))) == 4
