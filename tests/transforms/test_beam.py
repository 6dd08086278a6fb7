"""ResizeImages, in pipelines other than the command's."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.io import fileio
from apache_beam.io.filesystem import FileMetadata
from apache_beam.metrics import MetricsFilter
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from tests.support import image_bytes, jpeg, photo_tree, run, sha256, write_tree, written_row
from tests.support import rows as rows_of
from tests.support.photos import photo
from transforms.beam import FailureRow, ResizedImage, ResizeImages, manifest_line, source_of
from transforms.dataset.settings import versions
from transforms.imaging import Encoded, ResizeSpec, SettingError, process_image, strict
from transforms.model.errors import RunError
from transforms.resizing import library_check
from transforms.summary import counters

SPEC = ResizeSpec(sizes=(64, 32), extension="jpg")


def collect(elements: Sequence[ResizedImage], into: Path) -> None:
    """Write the elements to a file, in a fixed order."""
    images = [image._asdict() | {"row": json.loads(manifest_line(image.row))} for image in elements]
    for image in images:
        image["data"] = None if image["data"] is None else image["data"].hex()
        image["failure"] = image["failure"] and image["failure"]._asdict()
    into.write_text(json.dumps(sorted(images, key=lambda image: (image["row"]["source"], -image["size"]))))


def resized(pattern: Path | str, out: Path, transform: ResizeImages) -> tuple[list[dict[str, Any]], Any]:
    """Run a pipeline of MatchFiles, ReadMatches and the transform; return its elements and its result."""
    pipeline = beam.Pipeline(runner=FnApiRunner())
    _ = (
        pipeline
        | fileio.MatchFiles(str(pattern))
        | fileio.ReadMatches()
        | beam.Reshuffle()
        | transform
        | "ShuffleImages" >> beam.Reshuffle()  # so that the elements pass a coder
        | beam.combiners.ToList()
        | beam.Map(collect, out)
    )
    run_result = pipeline.run()
    run_result.wait_until_finish()
    return json.loads(out.read_text()), run_result


def test_every_image_and_size_is_an_element(tmp_path: Path) -> None:
    files = {"a.jpg": jpeg(1, (120, 80)), "deep/er/b.jpg": jpeg(2, (90, 200))}
    source = write_tree(tmp_path / "photos", files)
    images, _ = resized(source / "**", tmp_path / "elements", ResizeImages(SPEC, root=source))
    expected = []
    for name, data in files.items():
        for size, output in process_image(data, SPEC).outputs.items():
            assert isinstance(output, Encoded)
            key = name.removesuffix(".jpg")
            row = written_row(key, name, data, size, f"{size}/{name}", output.data)
            expected.append({"key": key, "size": size, "data": output.data.hex(), "row": row, "failure": None})
    assert images == expected


@pytest.mark.slow
def test_the_bytes_and_rows_are_those_of_the_command(tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "photos", 5)
    (source / "broken.jpg").write_bytes(jpeg(1, (120, 80))[:-900])
    completed = run("-i", source, "-o", tmp_path / "out", "-s", 64, 32, "-ext", "jpg")
    assert completed.returncode == 0, completed.stderr
    images, _ = resized(source / "**", tmp_path / "elements", ResizeImages(SPEC, root=source))
    assert sorted((image["row"] for image in images), key=str) == sorted(rows_of(tmp_path / "out", "manifest"), key=str)
    assert [image["failure"] for image in images if image["failure"]] == 2 * rows_of(tmp_path / "out", "failures")
    written = [image for image in images if image["data"] is not None]
    assert len(written) == 10
    for image in written:
        assert bytes.fromhex(image["data"]) == (tmp_path / "out" / image["row"]["path"]).read_bytes()


def test_a_file_that_is_not_an_image_is_a_failure_and_the_others_are_made(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (80, 60)), "notes.txt": b"none"})
    images, run_result = resized(
        source / "*", tmp_path / "elements", ResizeImages(ResizeSpec(sizes=(16,)), root=source)
    )
    photo, notes = images
    assert (photo["row"]["status"], photo["failure"]) == ("written", None)
    assert (notes["key"], notes["data"]) == ("notes.txt", None)
    assert [notes["row"][name] for name in ("status", "reason", "path")] == ["failed", "not-an-image", None]
    message = "the content is not in an image format that can be read"
    assert notes["failure"] == FailureRow("notes.txt", "notes.txt", "decode", "not-an-image", message)._asdict()
    assert notes["row"]["source_sha256"] == sha256(b"none")
    results = run_result.metrics().query(MetricsFilter().with_namespace(counters.NAMESPACE))["counters"]
    values = {counter.key.metric.name: counter.committed for counter in results}
    assert {name: values[name] for name in ("in-images", "out-images", "out-bytes", "failed-not-an-image")} == {
        "in-images": 2,
        "out-images": 1,
        "out-bytes": photo["row"]["bytes"],
        "failed-not-an-image": 1,
    }


def test_a_failure_of_several_sizes_is_counted_once(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": b"none"})
    images, run_result = resized(source / "*", tmp_path / "elements", ResizeImages(SPEC))
    assert [(image["size"], image["failure"]["error"]) for image in images] == [
        (64, "not-an-image"),
        (32, "not-an-image"),
    ]
    results = run_result.metrics().query(MetricsFilter().with_name("failed-not-an-image"))["counters"]
    assert [counter.committed for counter in results] == [1]


def test_an_image_that_a_filter_leaves_out_is_not_a_failure(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (80, 60))})
    spec = ResizeSpec(sizes=(16,), min_side=61)
    ((image,), _) = resized(source / "*", tmp_path / "elements", ResizeImages(spec))
    assert (image["data"], image["failure"]) == (None, None)
    assert (image["row"]["status"], image["row"]["reason"]) == ("skipped", "min-side")


def test_an_image_that_needs_more_memory_than_there_is_fails(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.png": image_bytes(photo(1, (80, 60)), "PNG")})
    ((image,), _) = resized(source / "*", tmp_path / "elements", ResizeImages(ResizeSpec(sizes=(16,)), memory=1000))
    assert image["failure"]["error"] == "too-large"


def metadata(path: str) -> FileMetadata:
    return FileMetadata(path, 5, 7.5)


@pytest.mark.parametrize(
    ("path", "root", "key", "source"),
    [
        ("gs://b/train/x/a.jpg", "gs://b/train", "x/a", "x/a.jpg"),
        ("gs://b/train/x/a.jpg", "gs://b/train/", "x/a", "x/a.jpg"),
        ("photos/a.b.jpg", "photos", "a.b", "a.b.jpg"),
        ("photos/a.jpg", "", "photos/a", "photos/a.jpg"),
        ("/a.jpg", "/", "a", "a.jpg"),
    ],
)
def test_keys_are_paths_below_the_root(path: str, root: str, key: str, source: str) -> None:
    result = source_of(metadata(path), root)
    assert (result.key, result.path, result.location, result.bytes, result.version) == (key, source, path, 5, 7.5)


@pytest.mark.parametrize(("path", "root"), [("photos/a.jpg", "/data/photos"), ("photos2/a.jpg", "photos")])
def test_a_file_outside_the_root_is_refused(path: str, root: str) -> None:
    with pytest.raises(RunError) as caught:
        source_of(metadata(path), root)
    assert str(caught.value) == (
        f"{path!r} is not below root {root!r}: use the folder that the pattern begins with, written in the same way"
    )


def test_a_missing_extra_is_refused_where_the_graph_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    strict._module.cache_clear()
    with pytest.raises(SettingError, match="needs an extra that is not installed"):
        ResizeImages(ResizeSpec(check_jpeg=True))


@pytest.mark.parametrize("memory", [0, -1, 4e9, "4G", True])
def test_memory_that_is_not_a_number_of_bytes_is_refused(memory: Any) -> None:
    with pytest.raises(SettingError) as refused:
        ResizeImages(ResizeSpec(), memory=memory)
    assert str(refused.value) == f"{memory!r} is not a number of bytes: use a whole number of 1 or more"


def test_a_worker_with_another_library_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (80, 60))})
    monkeypatch.setattr(library_check, "versions", lambda config: {**versions(config), "pillow": "0.1"})
    with pytest.raises(Exception, match=r"this worker has pillow '0\.1' but the submitting machine has"):
        resized(source / "*", tmp_path / "elements", ResizeImages(SPEC))
