import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq

from tests.transforms.layouts.outputs import SAMPLE, SHARD, output
from transforms.layouts import LAYOUTS
from transforms.layouts.parquet import schema
from transforms.model.records import NO_COLUMNS, OutputImage, StoredFile

PATH = "train-00012-of-01743.parquet"


def pack(images: list[OutputImage]) -> pq.ParquetFile:
    (packed,) = LAYOUTS["parquet"].pack(SHARD, [""], images, NO_COLUMNS)
    assert packed.path == PATH
    return pq.ParquetFile(io.BytesIO(packed.data))


def test_rows_and_types() -> None:
    images = [output("parquet", key, 64, key.encode(), "64/") for key in ("b", "a.x", "a/z")]
    images.append(output("parquet", "b", 32, b"small", "32/"))
    large, small = LAYOUTS["parquet"].pack(SHARD, ["64/", "32/"], images, NO_COLUMNS)
    assert (large.path, small.path) == (f"64/{PATH}", f"32/{PATH}")
    read = pq.read_table(io.BytesIO(large.data)).to_pylist()
    assert [row["image"] for row in read] == [
        {"bytes": b"a.x", "path": "a%2Ex.jpg"},
        {"bytes": b"a/z", "path": "a/z.jpg"},
        {"bytes": b"b", "path": "b.jpg"},
    ]
    assert read[0] == {"image": {"bytes": b"a.x", "path": "a%2Ex.jpg"}, **SAMPLE}
    assert [row["image"]["bytes"] for row in pq.read_table(io.BytesIO(small.data)).to_pylist()] == [b"small"]


def test_the_manifest_names_the_archive_and_the_image() -> None:
    assert output("parquet", "a.x", 64, b"", "64/").row.path == f"64/{PATH}/a%2Ex.jpg"


def test_row_groups_of_100_without_a_codec() -> None:
    file = pack([output("parquet", f"{number:03d}", 64, b"x" * number) for number in range(250)])
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    assert [group.num_rows for group in groups] == [100, 100, 50]
    columns = [groups[0].column(number) for number in range(groups[0].num_columns)]
    assert {column.compression for column in columns} == {"UNCOMPRESSED"}
    statistics = {column.path_in_schema: column.statistics for column in columns if column.is_stats_set}
    limits = [(statistics[name].min, statistics[name].max) for name in ("key", "bytes")]
    assert limits == [("000", "099"), (0, 99)]
    assert "image.bytes" not in statistics


def test_an_empty_shard_has_the_same_columns() -> None:
    empty, full = pack([]), pack([output("parquet", "a", 64, b"1")])
    assert (empty.metadata.num_rows, empty.num_row_groups) == (0, 0)
    assert empty.schema_arrow.equals(full.schema_arrow, check_metadata=True)
    assert (empty.schema_arrow.names, empty.schema_arrow.metadata) == (
        schema(NO_COLUMNS).names,
        schema(NO_COLUMNS).metadata,
    )
    assert empty.schema_arrow.field("image").type == pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def test_unknown_values_are_null() -> None:
    image = output("parquet", "a", 64, b"1")
    row = image.row._replace(
        source_bytes=None,
        source_mode=None,
        orientation=None,
        source_box=None,
        notes=("exif-orientation", "icc-profile"),
    )
    (read,) = pack([image._replace(row=row)]).read().to_pylist()
    assert {name for name, value in read.items() if value is None} == {
        *("source_bytes", "source_mode", "orientation", "source_box"),
    }
    assert read["notes"] == ["exif-orientation", "icc-profile"]


def test_the_metadata_declare_a_column_of_images() -> None:
    features = json.loads(pack([]).schema_arrow.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == pack([]).schema_arrow.names
    assert features["image"] == {"_type": "Image"}
    assert features["width"] == {"dtype": "int32", "_type": "Value"}
    assert features["source_box"] == {"feature": {"dtype": "float64", "_type": "Value"}, "_type": "Sequence"}


def test_names_that_are_not_utf8_become_text() -> None:
    key = os.fsdecode(b"caf\xe9") + "/ключ\n" + "x" * 300
    (row,) = pack([output("parquet", key, 64, b"1")]).read().to_pylist()
    assert row["key"] == "caf\\udce9/ключ\n" + "x" * 300
    assert row["image"]["path"] == "caf%E9/ключ%0A" + "x" * 300 + ".jpg"


def test_the_bytes_of_an_image_are_not_changed() -> None:
    data = bytes(range(256)) * 9000
    image = output("parquet", "a", 64, data)
    assert image.file == StoredFile(f"{PATH}/a.jpg", data, "bb")
    assert pack([image]).read().to_pylist()[0]["image"]["bytes"] == data
