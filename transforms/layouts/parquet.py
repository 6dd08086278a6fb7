"""Layout `parquet`: Parquet files with a row for each image: the struct `image` and the manifest's columns.

The struct has the fields `bytes` and `path`, as Hugging Face's datasets stores an Image, and the file's metadata
declare it as one: https://huggingface.co/docs/hub/datasets-image. Readers load a row group at a time: 100 images, which
are some megabytes at 512 px.

The same images result in the same bytes with the same version of pyarrow, which writes its name to each file. The bytes
do not depend on the clock. No codec is used, because images are already compressed, and the bytes would also depend on
the codec's version.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from transforms.layouts import card_features
from transforms.layouts.archive import (
    ARCHIVES_EXAMPLE,
    LIST_FIELDS,
    archive_layout,
    member_name,
    sample_record,
    sample_types,
)
from transforms.layouts.layout import Croissant, Example, Loader, Subset
from transforms.model.annotations import ANNOTATION_FIELDS, BOX, CLASS
from transforms.model.json_lines import utf8
from transforms.model.records import LABEL, Columns, OutputImage

if TYPE_CHECKING:
    import pyarrow

ROWS_PER_GROUP = 100

# Columns with few different values, which are stored once in each row group.
_DICTIONARIES = ["source_format", "source_mode"]
# Columns whose minimum and maximum are stored in each row group, so that readers can skip groups.
_STATISTICS = ["key", "source_bytes", "source_width", "source_height", "width", "height", "bytes"]

_PYARROW = f"""import io
import json
import pyarrow.dataset
from PIL import Image

{ARCHIVES_EXAMPLE}for batch in pyarrow.dataset.dataset(archives).to_batches():
    for sample in batch.to_pylist():
        print(sample["key"], Image.open(io.BytesIO(sample["image"]["bytes"])).size)"""

_DUCKDB = f"""import json
import duckdb

{ARCHIVES_EXAMPLE}for row in duckdb.read_parquet(archives).select("key, width, height").fetchall():
    print(row)"""


def archive(path: str, images: Sequence[OutputImage], columns: Columns) -> bytes:
    """Return the Parquet file at `path` that holds `images`."""
    import pyarrow as pa  # takes a quarter of a second to load, and other layouts do not need it
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
        store_schema=False,  # Arrow's own copy of the schema adds nothing
    )
    with writer:
        writer.add_key_value_metadata(fields.metadata)
        for first in range(0, len(images), ROWS_PER_GROUP):
            rows = [_row(path, image) for image in images[first : first + ROWS_PER_GROUP]]
            writer.write_table(pa.Table.from_pylist(rows, fields))
    return body.getvalue()


def schema(columns: Columns) -> pyarrow.Schema:
    """Return the schema, which is the same in every file. Unknown values are null.

    Args:
        columns: the additional columns.
    """
    import pyarrow as pa

    types = {name: pa.type_for_alias(kind) for name, kind in sample_types(columns).items()}
    fields = [(name, pa.list_(kind) if name in LIST_FIELDS else kind) for name, kind in types.items()]
    items = {BOX: pa.list_(pa.float64()), CLASS: pa.int64(), "int8": pa.int8(), "float64": pa.float64()}
    fields += [
        (name, pa.struct([(field, pa.list_(items[kind])) for field, kind in ANNOTATION_FIELDS[name].items()]))
        for name in columns.annotations
    ]
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    described = json.dumps({"info": {"features": features(columns)}}, ensure_ascii=False, separators=(",", ":"))
    return pa.schema([("image", image), *fields], metadata={"huggingface": utf8(described)})


def features(columns: Columns) -> dict[str, Any]:
    """Return the fields as Hugging Face's datasets describes them in `Features.to_dict`."""
    values: dict[str, Any] = {name: {"dtype": kind, "_type": "Value"} for name, kind in sample_types(columns).items()}
    lists = {name: {"feature": values[name], "_type": "Sequence"} for name in LIST_FIELDS}
    label = {LABEL: {"names": list(columns.classes), "_type": "ClassLabel"}} if columns.classes else {}
    return {"image": {"_type": "Image"}, **values, **lists, **label, **_annotations(columns)}


def _annotations(columns: Columns) -> dict[str, Any]:
    """Return name of annotations -> their features."""
    floats = {"dtype": "float64", "_type": "Value"}
    items: dict[str, Any] = {
        BOX: {"feature": floats, "_type": "Sequence"},
        CLASS: {"names": list(columns.categories.values()), "_type": "ClassLabel"},
        "int8": {"dtype": "int8", "_type": "Value"},
        "float64": floats,
    }
    return {
        name: {field: {"feature": items[kind], "_type": "Sequence"} for field, kind in ANNOTATION_FIELDS[name].items()}
        for name in columns.annotations
    }


def _row(path: str, image: OutputImage) -> dict[str, Any]:
    return {"image": {"bytes": image.file.data, "path": member_name(path, image)}, **sample_record(image.row)}


def unpack(data: bytes, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the images in a Parquet file that have one of `names`."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(data))
    for group in range(file.num_row_groups):
        for image in file.read_row_group(group, columns=["image"])["image"].to_pylist():
            if image["path"] in names:
                yield image["path"], image["bytes"]


def _card_features(columns: Columns, _extensions: Sequence[str]) -> list[dict[str, Any]]:
    return card_features.table(sample_types(columns), columns)


def _examples(subset: Subset) -> Iterator[Example]:
    yield Example("With pyarrow:", _PYARROW.format(size=subset.size))
    yield Example("With DuckDB:", _DUCKDB.format(size=subset.size))


LAYOUT = archive_layout(
    "parquet",
    archive,
    unpack,
    summary="a row for each image",
    examples=_examples,
    loader=Loader(_card_features),
    croissant=Croissant("application/x-parquet", is_table=True),
    libraries=("pyarrow",),
    has_uint64=True,
)
