"""The lines at the end of a run that load and upload the dataset."""

import os
from typing import Any

import pytest

from pipeline.terminal.next_steps import next_steps
from transforms.layouts import LAYOUTS

LOAD = "load it in Python: "


def summary(layout: str = "files", written: int = 3, extension: str = "jpg", sizes: tuple[int, ...] = (64,)) -> Any:
    outputs = {str(size): {"images": written, "formats": {extension: written}} for size in sizes}
    splits = {"empty": {"outputs": {size: {"images": 0, "formats": {}} for size in outputs}}, "b": {"outputs": outputs}}
    return {"images": {"written": written}, "settings": {"layout": layout}, "outputs": outputs, "splits": splits}


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet"])
def test_datasets_loads_most_layouts(layout: str) -> None:
    assert list(next_steps(summary(layout), "/data/my out")) == [
        f"{LOAD}from datasets import load_dataset; dataset = load_dataset('/data/my out')",
        "upload it: hf upload NAME/my-out '/data/my out' . --repo-type dataset --exclude \".run[./]*\"",
    ]


def test_what_datasets_does_not_load_is_loaded_otherwise() -> None:
    load, _ = next_steps(summary("tfrecord", sizes=(512, 64)), "/out[1]")
    assert "glob.glob('/out[[]1]/512/*.tfrecord')" in load
    load, _ = next_steps(summary("files", extension="avif", sizes=(512, 64)), "/out")
    assert "open('/out/512/b/metadata.jsonl', encoding='utf-8')" in load


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_dataset_without_an_image_has_no_next_step(layout: str) -> None:
    assert list(next_steps(summary(layout, written=0), "/out")) == []


def test_a_dataset_on_a_store_is_copied_first() -> None:
    here = os.path.abspath("small")
    assert list(next_steps(summary(), "gs://mine/photos/small")) == [
        'copy it: mkdir small && gcloud storage rsync --recursive --exclude "^[.]run[./].*" gs://mine/photos/small '
        "small",
        f"{LOAD}from datasets import load_dataset; dataset = load_dataset({here!r})",
        f'upload it: hf upload NAME/small {here} . --repo-type dataset --exclude ".run[./]*"',
    ]


@pytest.mark.parametrize("out_dir", ["/data/out [1]", "/data*/out", "/data/out?", "/data/a::b"])
def test_a_path_that_datasets_does_not_read_literally_is_not_suggested(out_dir: str) -> None:
    load, upload = next_steps(summary(), out_dir)
    assert load == f"{LOAD}first move it to a path without *, ?, [ and ::, which load_dataset does not read literally"
    assert upload.startswith("upload it: hf upload NAME/")


def test_splits_that_datasets_cannot_load_together() -> None:
    facts = summary()
    for number, name in enumerate(("empty", "b")):
        facts["splits"][name]["outputs"] = {
            "64": {"images": 3, "formats": {"jpg": 3}, "annotated": {"objects": number}}
        }
    load, _ = next_steps(facts, "/out")
    assert load == f"{LOAD}see README.md there: load_dataset cannot load the splits together"
