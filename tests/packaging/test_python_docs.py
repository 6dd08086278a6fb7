"""The examples of docs/python.md, run unchanged with the installed package."""

import io
import json
import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.packaging.test_wheel import python
from tests.support import ROOT, jpeg, write_tree
from transforms import beam, imaging
from transforms.imaging import ResizeSpec, process_image

pytestmark = pytest.mark.slow

TEXT = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
# (code, its output according to the document, or "" if the document does not show it)
EXAMPLES = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", TEXT, re.DOTALL)
CAT, REX = jpeg(1, (1024, 768)), jpeg(2, (600, 900))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tree(tmp_path / "photos", {"cat.jpg": CAT, "dogs/rex.jpg": REX, "notes.txt": b"Dear diary"})
    return tmp_path


def run_example(number: int, installed: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "example.py").write_text(EXAMPLES[number][0])
    done = python(installed, folder, "example.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout == EXAMPLES[number][1]
    return done


def test_every_example_has_a_test() -> None:
    assert len(EXAMPLES) == TEXT.count("```python") == 4


def test_the_example_of_one_image(installed: Path, folder: Path) -> None:
    run_example(0, installed, folder)
    result = process_image(CAT, ResizeSpec(sizes=(512, 256), extension="jpg"))
    for size, dimensions in ((512, (512, 384)), (256, (256, 192))):
        data = (folder / f"cat-{size}.jpg").read_bytes()
        assert data == result.data(size)
        assert Image.open(io.BytesIO(data)).size == dimensions


@pytest.mark.parametrize("number", [1, 2], ids=["errors", "boxes"])
def test_an_example_prints_what_the_document_says(number: int, installed: Path, folder: Path) -> None:
    assert EXAMPLES[number][1]
    run_example(number, installed, folder)


def test_the_example_of_a_pipeline(installed: Path, folder: Path) -> None:
    run_example(3, installed, folder)
    spec = ResizeSpec(sizes=(512,), extension="jpg")
    written = {str(path.relative_to(folder / "small")): path for path in (folder / "small").rglob("*.jpg")}
    assert {name: path.read_bytes() for name, path in written.items()} == {
        "cat.jpg": process_image(CAT, spec).data(512),
        "dogs/rex.jpg": process_image(REX, spec).data(512),
    }
    (lines,) = (folder / "small").glob("rows-*.jsonl")
    rows = {row["key"]: row for row in map(json.loads, lines.read_text().splitlines())}
    assert {key: (row["status"], row["reason"], row["width"], row["height"]) for key, row in rows.items()} == {
        "cat": ("written", None, 512, 384),
        "dogs/rex": ("written", None, 341, 512),
        "notes.txt": ("failed", "not-an-image", None, None),
    }


def test_the_tables_name_every_field() -> None:
    result = TEXT[TEXT.index("An `ImageResult` has") : TEXT.index("## Images that fail")]
    named = [name.partition("(")[0] for name in re.findall(r"^\| `([^`]+)` \|", result, re.MULTILINE)]
    assert sorted(named) == sorted(["data", *imaging.ImageResult._fields])
    element = TEXT[TEXT.index("turns `ReadableFile`s") :]
    assert re.findall(r"^\| `([^`]+)` \|", element, re.MULTILINE) == list(beam.ResizedImage._fields)


def test_every_imported_name_is_public() -> None:
    for module in (beam, imaging):
        imported = re.findall(rf"^from {module.__name__} import (.*)$", TEXT, re.MULTILINE)
        assert imported
        assert {name for line in imported for name in line.split(", ")} <= set(module.__all__)
