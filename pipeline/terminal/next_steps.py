"""The next steps with a finished dataset: a line that loads it, and one that uploads it."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from transforms.layouts import LAYOUTS, Layout
from transforms.model.folders import size_folder, split_prefix
from transforms.publish.facts import unannotated_splits
from transforms.storage import is_local, join

# Characters that the name of a Hub repository must not contain.
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
# What `load_dataset` takes for a pattern, or for a link of two addresses, in the path of a dataset.
_NOT_LITERAL = re.compile(r"[*?\[]|::")


def next_steps(summary: Mapping[str, Any], out_dir: str) -> Iterator[str]:
    """Yield the lines about the dataset in `out_dir`; none if it contains no image.

    Args:
        summary: the content of summary.json.
        out_dir: OUT. Loading and uploading need a local copy, so a dataset in an object store is copied first.
    """
    if not summary["images"]["written"]:
        return
    here, name = out_dir, _NOT_IN_A_NAME.sub("-", posixpath.basename(out_dir)).strip("-.") or "images"
    if not is_local(out_dir):
        here = os.path.abspath(name)
        yield f"copy it: mkdir {shlex.quote(name)} && {_copy_command(out_dir, name)}"
    yield f"load it in Python: {_load_line(summary, here)}"
    yield f'upload it: hf upload NAME/{name} {shlex.quote(here)} . --repo-type dataset --exclude ".run[./]*"'


def _copy_command(out_dir: str, name: str) -> str:
    return f'gcloud storage rsync --recursive --exclude "^[.]run[./].*" {shlex.quote(out_dir)} {shlex.quote(name)}'


def _load_line(summary: Mapping[str, Any], out_dir: str) -> str:
    """Return a line of Python code that loads the images of the largest size, or what to do first."""
    layout: Layout = LAYOUTS[summary["settings"]["layout"]]
    if layout.is_loadable(_extensions(summary)):
        if _NOT_LITERAL.search(out_dir):
            return "first move it to a path without *, ?, [ and ::, which load_dataset does not read literally"
        if unannotated_splits(summary):
            return "see README.md there: load_dataset cannot load the splits together"
        return f"from datasets import load_dataset; dataset = load_dataset({out_dir!r})"
    largest, splits = max(summary["outputs"], key=int), summary["splits"]
    split = next(name for name, split in splits.items() if split["outputs"][largest]["images"])
    split_folder = split_prefix(split, splits) if layout.keeps_tree else ""
    return layout.one_line(join(out_dir, size_folder(int(largest), summary["outputs"]) + split_folder))


def _extensions(summary: Mapping[str, Any]) -> set[str]:
    outputs = [output for split in summary["splits"].values() for output in split["outputs"].values()]
    return {extension for output in outputs for extension in output["formats"]}
