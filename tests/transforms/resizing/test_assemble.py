from pathlib import Path

from PIL import Image

from tests.support import image_bytes, jpeg
from tests.transforms.shards import SHARD, config, result
from transforms.imaging.errors import ImageError, Kind
from transforms.resizing.assemble import assemble


def test_a_source_that_is_gone_fails_as_unreadable(tmp_path: Path) -> None:
    vanished = result(tmp_path, "a.jpg", None)
    error = vanished.outputs[8]
    assert isinstance(error, ImageError)
    assert (error.kind, error.message) == (Kind.UNREADABLE, "the file cannot be read: No such file or directory")
    assert (vanished.bytes, vanished.sha256, vanished.header) == (None, None, None)


def test_the_row_of_a_failed_image_has_its_format_and_dimensions(tmp_path: Path) -> None:
    damaged = result(tmp_path, "a.jpg", jpeg(1, (400, 300))[:-900])
    assert damaged.header is not None
    assert damaged.header[:4] == ("JPEG", "RGB", 400, 300)
    (row,) = assemble(SHARD, "d", [damaged], config(tmp_path)).rows
    assert (row.source_format, row.source_width, row.status, row.reason, row.path) == (
        *("JPEG", 400, "failed", "truncated", None),
    )


def test_rows_and_images_are_in_the_order_of_the_keys(tmp_path: Path) -> None:
    names = ["b.jpg", "a/z.jpg", "a.jpg"]
    results = [result(tmp_path, name, jpeg(1, (9, 9)), 8, 4) for name in names]
    resized = assemble(SHARD, "d", results, config(tmp_path, 8, 4))
    assert [(row.key, row.size) for row in resized.rows] == [
        *(("a", 8), ("a", 4), ("a/z", 8), ("a/z", 4), ("b", 8), ("b", 4)),
    ]
    assert assemble(SHARD, "d", results[::-1], config(tmp_path, 8, 4)) == resized
    assert [image.file.path for image in resized.images][:2] == ["8/a.jpg", "4/a.jpg"]


def test_an_archive_has_one_sample_for_each_key(tmp_path: Path) -> None:
    results = [
        result(tmp_path, "a.jpg", jpeg(1, (9, 9))),
        result(tmp_path, "a.png", image_bytes(Image.new("L", (9, 9)), "PNG")),
    ]
    as_files = assemble(SHARD, "d", results, config(tmp_path))
    as_archive = assemble(SHARD, "d", results, config(tmp_path, layout="webdataset"))
    assert [row.status for row in as_files.rows] == ["written", "written"]
    assert [(row.source, row.status) for row in as_archive.rows] == [("a.jpg", "written"), ("a.png", "failed")]
    assert as_archive.failures[0].message == "its output 'a' is also the output of 'a.jpg'"


def test_an_image_with_the_name_of_a_folder_owns_no_name(tmp_path: Path) -> None:
    results = [result(tmp_path, name, jpeg(1, (9, 9))) for name in ("b.jpeg", "b.jpg")]
    resized = assemble(SHARD, "d", results, config(tmp_path), folders=["b.jpg"])
    message = "its output 'b.jpg' has the same name as a folder of the source"
    assert [(row.source, row.message) for row in resized.failures] == [("b.jpeg", message), ("b.jpg", message)]


def test_a_size_that_fails_leaves_the_other_written_and_is_one_failure(tmp_path: Path) -> None:
    webp = image_bytes(Image.new("RGB", (20, 10)), "WEBP")
    resized = assemble(SHARD, "d", [result(tmp_path, "a.webp", webp, 20_000, 10)], config(tmp_path, 20_000, 10))
    assert [(row.size, row.status, row.reason) for row in resized.rows] == [
        *((20_000, "failed", "output-too-large"), (10, "written", None)),
    ]
    assert [(row.error, row.stage) for row in resized.failures] == [("output-too-large", "resize")]
    assert resized.tally["images"] == {"matched": 1, "written": 0, "failed": 1, "skipped": 0}
    assert resized.tally["outputs"]["10"]["images"] == 1
