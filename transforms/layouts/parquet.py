"""Parquet files, a row an image: the struct `image` and the columns of the manifest.

The struct (`bytes`, `path`) is how Hugging Face's datasets store an Image, and the file's metadata say so:
https://huggingface.co/docs/hub/datasets-image. A row group of 100 is read in one piece: some megabytes
of images at 512 px.

The same images give the same bytes with the same pyarrow: no codec, whose version would be one thing more
(and images are compressed already), and nothing of the clock. pyarrow names itself in each file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transforms.layouts.archive import LISTS, archive_layout, member_name, sample_record, sample_types
from transforms.model.json_lines import utf8
from transforms.model.records import LABEL, Columns, OutputImage

if TYPE_CHECKING:
    import pyarrow

ROWS_A_GROUP = 100

# Few different values, so that they are stored once a row group.
_DICTIONARIES = ["source_format", "source_mode"]
# The least and the greatest value of each row group, by which readers pass groups over.
_STATISTICS = ["key", "source_bytes", "source_width", "source_height", "width", "height", "bytes"]


def archive(path: str, images: Sequence[OutputImage], columns: Columns) -> bytes:
    """The Parquet file at `path` that holds `images`."""
    import pyarrow as pa  # a quarter of a second, which no other layout should wait for
    import pyarrow.parquet as pq

    body = io.BytesIO()
    fields = schema(columns)
    writer = pq.ParquetWriter(
        body,
        fields,
        version="2.6",
        data_page_version="1.0",
        compression="NONE",
        use_dictionary=_DICTIONARIES,
        write_statistics=_STATISTICS,
        store_schema=False,  # Arrow's own form of it says nothing more
    )
    with writer:
        writer.add_key_value_metadata(fields.metadata)
        for first in range(0, len(images), ROWS_A_GROUP):
            rows = [_row(path, image) for image in images[first : first + ROWS_A_GROUP]]
            writer.write_table(pa.Table.from_pylist(rows, fields))
    return body.getvalue()


def schema(columns: Columns) -> pyarrow.Schema:
    """The fields, the same in every file; what is not known is null.

    Args:
        columns: the further ones.
    """
    import pyarrow as pa

    types = {name: pa.type_for_alias(kind) for name, kind in sample_types(columns).items()}
    fields = [(name, pa.list_(kind) if name in LISTS else kind) for name, kind in types.items()]
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    told = json.dumps({"info": {"features": features(columns)}}, ensure_ascii=False, separators=(",", ":"))
    return pa.schema([("image", image), *fields], metadata={"huggingface": utf8(told)})


def features(columns: Columns) -> dict[str, Any]:
    """The fields in the words of Hugging Face's datasets, `Features.to_dict`."""
    values: dict[str, Any] = {name: {"dtype": kind, "_type": "Value"} for name, kind in sample_types(columns).items()}
    lists = {name: {"feature": values[name], "_type": "Sequence"} for name in LISTS}
    named = {LABEL: {"names": list(columns.classes), "_type": "ClassLabel"}} if columns.classes else {}
    return {"image": {"_type": "Image"}, **values, **lists, **named}


def _row(path: str, image: OutputImage) -> dict[str, Any]:
    row: dict[str, Any] = {"image": {"bytes": image.file.data, "path": member_name(path, image)}}
    for name, value in sample_record(image.row).items():
        row[name] = utf8(value).decode() if isinstance(value, str) else value
    return row


LAYOUT = archive_layout("parquet", archive, libraries=("pyarrow",))
