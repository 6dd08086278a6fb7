"""Common code of layouts with archives: one archive for each shard and size, with escaped keys as names of members.

    OUT/[512/]train-00012-of-01743.EXTENSION

A shard without images is stored as an empty archive, so that the numbers of the archives have no gap.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from transforms.layouts.layout import Example, Layout, Subset, Unpack
from transforms.model.cell_types import as_type
from transforms.model.json_lines import utf8_text
from transforms.model.records import Columns, ManifestRow, OutputImage, Shard, StoredFile

# The fields of a manifest row that its sample repeats. All of them are known for every image that was written.
SAMPLE_FIELDS = (
    *("key", "source", "source_bytes", "source_sha256", "source_format", "source_mode"),
    *("source_width", "source_height", "size", "width", "height", "bytes", "sha256"),
    *("orientation", "source_box", "output_box", "notes"),
)

# The beginning of an example: the paths of the archives of one size.
ARCHIVES_EXAMPLE = """rows = map(json.loads, open("shards.jsonl", encoding="utf-8"))
archives = [row["path"] for row in rows if row["size"] == {size}]
"""

# The fields of a sample that hold several values.
LIST_FIELDS = ("source_box", "output_box", "notes")

_INT64 = ("source_bytes", "bytes")
_INT32 = ("source_width", "source_height", "size", "width", "height", "orientation", "output_box")

_ESCAPED = re.compile(r"[%.\x00-\x1f\x7f\udc80-\udcff]|(?:^|(?<=/))__")

# (the archive's path, images, additional columns) -> the archive's bytes
Archive = Callable[[str, Sequence[OutputImage], Columns], bytes]


def archive_layout(
    extension: str,
    archive: Archive,
    unpack: Unpack,
    *,
    summary: str,
    examples: Callable[[Subset], Iterator[Example]],
    **capabilities: Any,
) -> Layout:
    """Return a layout that stores images in archives.

    Args:
        extension: the extension of the archives, without a dot.
        archive: creates an archive from the images in the order of their names. The bytes may depend on nothing else.
        unpack: reads images from an archive.
        summary: see `Layout`.
        examples: see `Layout`.
        capabilities: further fields of `Layout` whose values differ from their defaults.
    """
    return Layout(
        summary=summary,
        keeps_tree=False,
        images_per_shard=1000,
        name_of=lambda key, _extension: archive_key(key),
        image_path=functools.partial(_image_path, extension),
        problem_of=lambda _path: None,  # an archive accepts any name
        pack=functools.partial(_pack, extension, archive),
        examples=examples,
        archive_extension=extension,
        unpack=unpack,
        **capabilities,
    )


def sample_record(row: ManifestRow) -> dict[str, Any]:
    r"""Return the record of a sample, with columns and annotations. Each field has the same type in every sample.

    In names, each byte that is not UTF-8 becomes the text \udcXX, because readers reject such a character.
    """
    values = row._asdict()
    record = {**{field: values[field] for field in SAMPLE_FIELDS}, **row.columns}
    return {name: utf8_text(value) if isinstance(value, str) else value for name, value in record.items()} | (
        row.annotations
    )


def plain_sample(row: ManifestRow, columns: Columns) -> dict[str, Any]:
    """Return the record of a sample for a format without uint64. Numbers of this type become text."""
    values = sample_record(row)
    types = without_uint64(columns).types
    return {name: as_type(value, types[name]) if name in types else value for name, value in values.items()}


def without_uint64(columns: Columns) -> Columns:
    """Return the columns for a format without uint64. Columns of this type become text."""
    return columns._replace(
        types={name: "string" if kind == "uint64" else kind for name, kind in columns.types.items()}
    )


def sample_types(columns: Columns) -> dict[str, str]:
    """Return field of a sample -> its type, or the type of the items of a list, as Arrow and datasets name it."""
    return {**{name: _type_of(name) for name in SAMPLE_FIELDS}, **columns.types}


def _type_of(name: str) -> str:
    if name == "source_box":
        return "float64"
    return "int64" if name in _INT64 else "int32" if name in _INT32 else "string"


def member_name(path: str, image: OutputImage) -> str:
    """Return the name of an image in the archive at `path`, with its extension."""
    return image.file.path.removeprefix(f"{path}/")


def _archive_path(extension: str, shard: Shard, folder: str) -> str:
    return f"{folder}{shard.name}.{extension}"


def _image_path(archive_extension: str, shard: Shard, folder: str, name: str, extension: str) -> str:
    return f"{_archive_path(archive_extension, shard, folder)}/{name}.{extension}"


def _pack(
    extension: str,
    archive: Archive,
    shard: Shard,
    folders: Sequence[str],
    images: Sequence[OutputImage],
    columns: Columns,
) -> Iterator[StoredFile]:
    for folder in folders:
        path = _archive_path(extension, shard, folder)
        members = [image for image in images if image.file.path.startswith(f"{path}/")]
        data = archive(path, sorted(members, key=lambda image: image.name), columns)
        yield StoredFile(path, data, hashlib.sha256(data).hexdigest())


def archive_key(key: str) -> str:
    """Return a key as WebDataset readers require it: printable UTF-8, no dots, and no parts that begin with `__`.

    Other characters are replaced with %XX, and so is % itself, so that different keys stay different.
    """
    return _ESCAPED.sub(lambda match: _percent(match.group()), key)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(text))
