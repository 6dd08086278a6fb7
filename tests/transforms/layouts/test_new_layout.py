"""Test that a new layout needs only one module and one line, because no other code depends on names of layouts."""

import ast
import dataclasses
import io
import json
import zipfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import ROOT
from tests.transforms.shards import SHARD, config, resized
from transforms.committing.write import commit
from transforms.dataset.plan import Part, document_paths, new_plan
from transforms.dataset.settings import settings
from transforms.finishing.documents import write_documents
from transforms.finishing.parts import read_markers, write_part
from transforms.layouts import LAYOUTS
from transforms.layouts.archive import ARCHIVES_EXAMPLE, archive_layout, member_name
from transforms.layouts.layout import Croissant, Example, Loader, Subset
from transforms.layouts.members import read_outputs
from transforms.model.records import NO_COLUMNS, Columns, OutputImage


def zip_archive(path: str, images: Sequence[OutputImage], _columns: Columns) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for image in images:
            archive.writestr(zipfile.ZipInfo(member_name(path, image)), image.file.data)
    return body.getvalue()


def unzip(data: bytes, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield from ((name, archive.read(name)) for name in archive.namelist() if name in names)


def features(_columns: Columns, extensions: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": extension, "dtype": "image"} for extension in extensions]


def examples(subset: Subset) -> Iterator[Example]:
    yield Example("With zipfile:", f"import zipfile\n{ARCHIVES_EXAMPLE.format(size=subset.size)}")


ZIP = archive_layout(
    "zip",
    zip_archive,
    unzip,
    summary="zip archives",
    examples=examples,
    loader=Loader(features, reads_types=False),
    croissant=Croissant("application/zip"),
)


def test_a_new_layout_is_stored_described_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LAYOUTS, "zip", ZIP)
    dataset = config(tmp_path, layout="zip")
    shard = resized(tmp_path, "a.b.jpg", "x/c.jpg", layout="zip")
    commit(shard, dataset)
    plan = new_plan(dataset, {"a": 1}, NO_COLUMNS)
    part = Part(0, 1, (SHARD,))
    result = write_part(part, read_markers(part, dataset), NO_COLUMNS, dataset)
    summary = {**shard.tally, "duplicates": 0, "settings": settings(dataset)}
    splits = {"a": {"images": 2, "bytes": 9, "outputs": result.outputs["a"]}}
    write_documents(plan, NO_COLUMNS, {**summary, "splits": splits}, [result], dataset)

    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == sorted(
        {"a-00000-of-00001.zip", "croissant.json", *document_paths(plan)}
    )
    (row,) = map(json.loads, (out / "shards.jsonl").read_text().splitlines())
    assert (row["path"], row["samples"]) == ("a-00000-of-00001.zip", 2)
    card = (out / "README.md").read_text()
    head = yaml.safe_load(card.split("---\n")[1])
    assert head["configs"][0]["data_files"] == [{"split": "a", "path": ["a-[0-9][0-9][0-9][0-9][0-9]-of-00001.zip"]}]
    assert head["configs"][0]["features"] == [{"name": "jpg", "dtype": "image"}]
    (size,) = dataset.spec.sizes
    assert f"With zipfile:\n\n```python\nimport zipfile\n{ARCHIVES_EXAMPLE.format(size=size)}\n```" in card
    assert "--layout zip" in card
    file_object, file_set = json.loads((out / "croissant.json").read_text())["distribution"]
    assert (file_object["encodingFormat"], file_set["includes"]) == ("application/zip", ["*.jpg"])
    stored = read_outputs(str(out), "zip", ["a-00000-of-00001.zip/a%2Eb.jpg", "a-00000-of-00001.zip/x/c.jpg"])
    assert stored == {image.file.path: image.file.data for image in shard.images}


def test_a_layout_that_nothing_loads_has_no_descriptions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LAYOUTS, "zip", dataclasses.replace(ZIP, loader=None, croissant=None))
    dataset = config(tmp_path, layout="zip")
    shard = resized(tmp_path, "a.jpg", layout="zip")
    commit(shard, dataset)
    part = Part(0, 1, (SHARD,))
    result = write_part(part, read_markers(part, dataset), NO_COLUMNS, dataset)
    summary = {**shard.tally, "duplicates": 0, "settings": settings(dataset)}
    splits = {"a": {"images": 1, "bytes": 9, "outputs": result.outputs["a"]}}
    plan = new_plan(dataset, {"a": 1}, NO_COLUMNS)
    write_documents(plan, NO_COLUMNS, {**summary, "splits": splits}, [result], dataset)
    head = yaml.safe_load((tmp_path / "out" / "README.md").read_text().split("---\n")[1])
    files = [{"split": "a", "path": ["a-[0-9][0-9][0-9][0-9][0-9]-of-00001.zip"]}]
    size = str(dataset.spec.sizes[0])
    assert head["configs"] == [{"config_name": size, "default": True, "data_files": files}]
    assert head["viewer"] is False
    assert "dataset_info" not in head
    assert not (tmp_path / "out" / "croissant.json").exists()


def compared_strings(path: Path) -> set[str]:
    """Return the strings in the comparisons of a module, including `in`."""
    comparisons = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Compare)]
    constants = [node for comparison in comparisons for node in ast.walk(comparison) if isinstance(node, ast.Constant)]
    return {node.value for node in constants if isinstance(node.value, str)}


@pytest.mark.parametrize("package", ["transforms", "pipeline"])
def test_no_code_compares_the_name_of_a_layout(package: str) -> None:
    modules = list((ROOT / package).rglob("*.py"))
    assert len(modules) > 20
    assert {str(path): names for path in modules if (names := compared_strings(path) & LAYOUTS.keys())} == {}
