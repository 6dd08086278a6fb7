from pathlib import Path

from PIL import Image

from tests.support import image_bytes, jpeg
from tests.transforms.shards import SHARD, config, result
from transforms.imaging.errors import ImageError, Kind
from transforms.resizing.assemble import assemble


def test_a_source_that_vanished_is_a_failure(tmp_path: Path) -> None:
    gone = result(tmp_path, "a.jpg", None)
    error = gone.image.outputs[8]
    assert isinstance(error, ImageError)
    assert (error.kind, error.message) == (Kind.UNREADABLE, "the file cannot be read: No such file or directory")
    assert (gone.bytes, gone.sha256, gone.image.header) == (None, None, None)


def test_what_is_known_of_an_image_stays_known_when_it_fails(tmp_path: Path) -> None:
    damaged = result(tmp_path, "a.jpg", jpeg(1, (400, 300))[:-900])
    assert damaged.image.header is not None
    assert damaged.image.header[:4] == ("JPEG", "RGB", 400, 300)
    (row,) = assemble(SHARD, "d", [damaged], config(tmp_path)).rows
    assert (row.source_format, row.source_width, row.status, row.reason, row.path) == (
        *("JPEG", 400, "failed", "truncated", None),
    )


def test_a_shard_is_in_the_order_of_its_keys(tmp_path: Path) -> None:
    names = ["b.jpg", "a/z.jpg", "a.jpg"]
    results = [result(tmp_path, name, jpeg(1, (9, 9)), 8, 4) for name in names]
    made = assemble(SHARD, "d", results, config(tmp_path, 8, 4))
    assert [(row.key, row.size) for row in made.rows] == [
        *(("a", 8), ("a", 4), ("a/z", 8), ("a/z", 4), ("b", 8), ("b", 4)),
    ]
    assert assemble(SHARD, "d", results[::-1], config(tmp_path, 8, 4)) == made
    assert [image.file.path for image in made.images][:2] == ["8/a.jpg", "4/a.jpg"]


def test_one_sample_a_key_in_an_archive(tmp_path: Path) -> None:
    results = [
        result(tmp_path, "a.jpg", jpeg(1, (9, 9))),
        result(tmp_path, "a.png", image_bytes(Image.new("L", (9, 9)), "PNG")),
    ]
    as_files = assemble(SHARD, "d", results, config(tmp_path))
    as_archive = assemble(SHARD, "d", results, config(tmp_path, layout="webdataset"))
    assert [row.status for row in as_files.rows] == ["written", "written"]
    assert [(row.source, row.status) for row in as_archive.rows] == [("a.jpg", "written"), ("a.png", "failed")]
    assert as_archive.failures[0].message == "its output 'a' is that of 'a.jpg'"


def test_a_failure_of_one_size_is_told_once_and_the_other_written(tmp_path: Path) -> None:
    webp = image_bytes(Image.new("RGB", (20, 10)), "WEBP")
    made = assemble(SHARD, "d", [result(tmp_path, "a.webp", webp, 20_000, 10)], config(tmp_path, 20_000, 10))
    assert [(row.size, row.status, row.reason) for row in made.rows] == [
        *((20_000, "failed", "output-too-large"), (10, "written", None)),
    ]
    assert [(row.error, row.stage) for row in made.failures] == [("output-too-large", "resize")]
    assert made.tally["images"] == {"matched": 1, "written": 0, "failed": 1, "skipped": 0}
    assert made.tally["outputs"]["10"]["images"] == 1
