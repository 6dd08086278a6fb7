"""Layout `files`: the folder tree of the source, with one file for each image.

OUT/<relative/path>.jpg         one size
OUT/512/<relative/path>.jpg     several sizes
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from transforms.imaging.errors import Kind
from transforms.layouts import card_features
from transforms.layouts.layout import Croissant, Example, Layout, Loader, Subset
from transforms.model.records import Columns, OutputImage, Shard, StoredFile

# The longest name that common file systems accept, in bytes.
_LONGEST_NAME = 255

_PILLOW = """import json
from pathlib import Path
from PIL import Image

for table in sorted(Path().glob("{folders}metadata.jsonl")):
    for row in map(json.loads, table.open(encoding="utf-8")):
        image = Image.open(table.parent / row["file_name"])  # in __getitem__ of a torch Dataset: a row by its index
        print(row, image.size)"""


def _name_of(key: str, extension: str) -> str:
    return f"{key}.{extension}"


def _image_path(_shard: Shard, folder: str, name: str, _extension: str) -> str:
    return folder + name


def _problem_of(path: str) -> tuple[Kind, str] | None:
    parts = path.split("/")
    if {"", ".", ".."} & set(parts):  # an object in a store may have such a name, which means another file on a disk
        return Kind.NAME_UNUSABLE, f"its output {path!r} would not be a file below OUT"
    if len(os.fsencode(parts[-1])) > _LONGEST_NAME:
        return Kind.NAME_TOO_LONG, f"the name of its output has more than {_LONGEST_NAME} bytes"
    return None


def _pack(
    _shard: Shard, _folders: Sequence[str], images: Sequence[OutputImage], _columns: Columns
) -> Iterator[StoredFile]:
    for image in images:
        yield image.file


def _features(columns: Columns, _extensions: Sequence[str]) -> list[dict[str, Any]]:
    return card_features.table(columns.types, columns)


def _examples(subset: Subset) -> Iterator[Example]:
    yield Example("With Pillow, and in the datasets of torch:", _PILLOW.format(folders=subset.folders))


def _one_line(folder: str) -> str:
    return (
        f"import json, PIL.Image; images = (PIL.Image.open({folder!r} + json.loads(line)['file_name']) "
        f"for line in open({folder + 'metadata.jsonl'!r}, encoding='utf-8'))"
    )


LAYOUT = Layout(
    summary="the same folder tree as the source",
    keeps_tree=True,
    images_per_shard=100,
    name_of=_name_of,
    image_path=_image_path,
    problem_of=_problem_of,
    pack=_pack,
    examples=_examples,
    one_line=_one_line,
    # imagefolder reads a text that looks like a date as a time, and a column called x_file_name as images.
    loader=Loader(_features, reads_types=False, unreadable=frozenset({"avif"})),
    croissant=Croissant(),
)
