import json
import tarfile
from pathlib import Path

from pipeline.cli.options import parse
from pipeline.estimate.measure import measure
from pipeline.estimate.sample import list_inputs
from tests.pipeline.conftest import Make
from tests.support import jpeg, photo_tree, rows, write_tree
from transforms.summary.tally import merge


def test_the_measured_bytes_are_what_a_run_writes(make: Make, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "photos", 9)
    write_tree(source, {"bad.jpg": b"no image", "small.jpg": jpeg(1, (15, 90))})
    out = tmp_path / "out"
    flags = ["-i", str(source), "-o", str(out), "-s", "24", "12", "--min_side", "20", "--layout", "webdataset"]
    config = parse(flags).config
    listing = list_inputs(config, 100)
    measurement = measure(listing.sample, config)
    make(*flags)

    written = [row for row in rows(out, "manifest") if row["status"] == "written"]
    for size in (24, 12):
        lengths = {row["source_bytes"]: row["bytes"] for row in written if row["size"] == size}
        assert {
            image.source_bytes: image.outputs[size] for image in measurement.images if image.outputs[size]
        } == lengths
    assert sum(image.source_bytes for image in measurement.images) == listing.bytes
    tables = [*out.glob("manifest-*"), *out.glob("failures-*")]
    assert sum(image.row_bytes for image in measurement.images) == sum(path.stat().st_size for path in tables)
    assert all(0 < image.cpu_seconds < 10 for image in measurement.images)
    assert measurement.seconds > 0

    archives = list(out.rglob("*.tar"))
    assert sum(image.archive_bytes for image in measurement.images) == sum(map(_content_bytes, archives))
    summary = json.loads((out / "summary.json").read_bytes())
    tally = merge(image.tally for image in measurement.images)
    assert tally == {name: summary[name] for name in tally}
    assert tally["images"] == {"failed": 1, "matched": 11, "skipped": 1, "written": 9}


def _content_bytes(archive: Path) -> int:
    """Return the number of bytes up to the end of the last member."""
    with tarfile.open(archive) as tar:
        last = tar.getmembers()[-1]
    return last.offset_data + -(-last.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def test_the_number_of_workers_does_not_change_the_counts(tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "photos", 9)
    images_by_workers = []
    for workers in ("1", "4"):
        config = parse(["-i", str(source), "--estimate", "-s", "24", "-j", workers]).config
        measurement = measure(list_inputs(config, 5).sample, config)
        images_by_workers.append([image._replace(cpu_seconds=0) for image in measurement.images])
    assert images_by_workers[0] == images_by_workers[1]
    assert len(images_by_workers[0]) == 5
