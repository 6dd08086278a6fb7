"""What archives have in common: one a shard and size, with the images' escaped keys as names.

    OUT/[512/]train-00012-of-01743.EXTENSION

A shard without images is an empty archive, so that their numbers have no gap.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from transforms.imaging.naming import archive_key
from transforms.layouts.layout import Layout
from transforms.model.cell_types import as_type
from transforms.model.records import Columns, ManifestRow, OutputImage, Shard, StoredFile

# What a sample repeats of its row. All of these are known of every image that was written.
SAMPLE_FIELDS = (
    *("key", "source", "source_bytes", "source_sha256", "source_format", "source_mode"),
    *("source_width", "source_height", "size", "width", "height", "bytes", "sha256"),
    *("orientation", "source_box", "output_box", "notes"),
)

# Those of them that hold several values.
LISTS = ("source_box", "output_box", "notes")

_INT64 = ("source_bytes", "bytes")
_INT32 = ("source_width", "source_height", "size", "width", "height", "orientation", "output_box")

# (the archive's path, images, further columns) -> its bytes
Archive = Callable[[str, Sequence[OutputImage], Columns], bytes]


def archive_layout(extension: str, archive: Archive, libraries: tuple[str, ...] = ()) -> Layout:
    """The layout whose archives have this extension.

    Args:
        extension: without a dot.
        archive: makes one; it gets the images in the order of their names, and may depend on these alone.
        libraries: see `Layout`.
    """
    return Layout(
        keeps_tree=False,
        images_per_shard=1000,
        name_of=lambda key, _extension: archive_key(key),
        image_path=functools.partial(_image_path, extension),
        problem_of=lambda _path: None,  # an archive takes any name
        pack=functools.partial(_pack, extension, archive),
        libraries=libraries,
    )


def sample_record(row: ManifestRow) -> dict[str, Any]:
    """What a sample tells of itself: the same fields, of the same types, in every sample; further columns last."""
    values = row._asdict()
    return {**{field: values[field] for field in SAMPLE_FIELDS}, **row.columns}


def plain_sample(row: ManifestRow, columns: Columns) -> dict[str, Any]:
    """Return what `sample_record` returns for a format that has no uint64: they are text there."""
    values = sample_record(row)
    types = without_uint64(columns).types
    return {name: as_type(value, types[name]) if name in types else value for name, value in values.items()}


def without_uint64(columns: Columns) -> Columns:
    """Return the columns of a format that has no uint64."""
    return columns._replace(
        types={name: "string" if kind == "uint64" else kind for name, kind in columns.types.items()}
    )


def sample_types(columns: Columns) -> dict[str, str]:
    """What a sample tells of itself -> the type of one value of it, by the name that Arrow and datasets share."""
    return {**{name: _type_of(name) for name in SAMPLE_FIELDS}, **columns.types}


def _type_of(name: str) -> str:
    if name == "source_box":
        return "float64"
    return "int64" if name in _INT64 else "int32" if name in _INT32 else "string"


def member_name(path: str, image: OutputImage) -> str:
    """The name of an image in the archive at `path`, with its extension."""
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
