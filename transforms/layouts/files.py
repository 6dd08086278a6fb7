"""The source's tree again: one file an image.

OUT/<relative/path>.jpg         one size
OUT/512/<relative/path>.jpg     several
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from transforms.imaging.errors import Kind
from transforms.layouts.layout import Layout
from transforms.model.records import REPORT_PATH, RUN_DIR, Columns, OutputImage, Shard, StoredFile

# The longest name that common file systems take, in bytes.
_LONGEST_NAME = 255


def _name_of(key: str, extension: str) -> str:
    return f"{key}.{extension}"


def _image_path(_shard: Shard, folder: str, name: str, _extension: str) -> str:
    return folder + name


def _problem_of(path: str) -> tuple[Kind, str] | None:
    parts = path.split("/")
    if parts[0] in (RUN_DIR, REPORT_PATH):
        return Kind.NAME_UNUSABLE, f"its output would lie in {parts[0]}, which is the dataset's own"
    if {"", ".", ".."} & set(parts):  # a store's object may be called so, and a disk would take it for a way out
        return Kind.NAME_UNUSABLE, f"its output {path!r} would be no file below OUT"
    if len(os.fsencode(parts[-1])) > _LONGEST_NAME:
        return Kind.NAME_TOO_LONG, f"its output's name has over {_LONGEST_NAME} bytes"
    return None


def _pack(
    _shard: Shard, _folders: Sequence[str], images: Sequence[OutputImage], _columns: Columns
) -> Iterator[StoredFile]:
    for image in images:
        yield image.file


LAYOUT = Layout(
    keeps_tree=True, images_per_shard=100, name_of=_name_of, image_path=_image_path, problem_of=_problem_of, pack=_pack
)
