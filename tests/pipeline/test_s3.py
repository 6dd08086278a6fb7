"""Datasets from S3 and on S3, on the local runner."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from apache_beam.io.filesystems import FileSystems

from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, snapshot, summary, write_tree
from tests.support.s3 import KEYS, PUBLIC, S3, running_s3
from tests.support.state import markers
from transforms.storage import s3_client

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(photos: Path) -> Iterator[S3]:
    with running_s3() as store:
        store.write_tree(photos, "photos")
        store.write_tree(photos, "val")
        yield store


@pytest.fixture
def store(running: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """Yield a store with the photographs in s3://public/photos, accessed without credentials."""
    monkeypatch.setattr(FileSystems, "_pipeline_options", None)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    running.requests.clear()
    yield running
    s3_client.client.cache_clear()


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet", "tfrecord"])
def test_a_public_bucket_gives_the_dataset_of_a_folder(
    make: Make, photos: Path, store: S3, tmp_path: Path, layout: str
) -> None:
    flags = ("-s", 24, 12, "--layout", layout, "--images_per_shard", 2, "--name", "photos")
    make("-i", "s3://public/photos", "-o", tmp_path / "s3", *flags)
    assert not any(request.is_signed for request in store.requests)
    make("-i", photos, "-o", tmp_path / "folder", *flags)
    ours, theirs = snapshot(tmp_path / "s3"), snapshot(tmp_path / "folder")
    assert {name for name in ours if ours[name] != theirs[name]} <= {"README.md", "SHA256SUMS", "summary.json"}
    assert ours.keys() == theirs.keys()

    shown = make("-i", "s3://public/photos", "-o", tmp_path / "s3", *flags)
    assert "nothing to do: all 9 images were already committed, and none was read" in shown


def test_a_changed_object_is_made_again_and_splits_are_read(make: Make, store: S3, tmp_path: Path) -> None:
    flags = ["-i", "s3://public/photos/*.jpg", "s3://public/val", "-o", tmp_path / "out", "-s", 16]
    flags += ["--list_prefixes", "p", "--images_per_shard", "2", "--split", "a", "val"]
    make(*flags)
    assert summary(tmp_path / "out")["images"]["written"] == 6 + 9
    before = markers(tmp_path / "out")
    store.client.put_object(Bucket=PUBLIC, Key="val/p000.jpg", Body=jpeg(77, (50, 30)))
    make(*flags)
    assert len(set(markers(tmp_path / "out").items()) - set(before.items())) == 1
    (row,) = [row for row in rows(tmp_path / "out", "manifest") if row["key"] == "val/p000"]
    assert (row["source_width"], row["source_height"]) == (50, 30)


def test_a_single_object_and_a_table(make: Make, store: S3, tmp_path: Path) -> None:
    store.client.put_object(Bucket=PUBLIC, Key="tables/t.csv", Body=b"key,score\np001,7\n")
    table = "s3://public/tables/t.csv"
    make("-i", "s3://public/photos/p001.jpg", "-o", tmp_path / "out", "-s", 16, "--columns", table)
    (row,) = rows(tmp_path / "out", "manifest")
    assert (row["key"], row["score"], row["status"]) == ("p001", 7, "written")


def test_an_object_that_cannot_be_read_is_candidate_again_by_the_next_run(
    make: Make, store: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.storage.s3.BACK_OFF", ())
    store.write_tree(write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (30, 20))}), "one")
    store.faults[:] = [None, None, None, (503, "SlowDown")]  # the check, the search for an image, the listing
    make("-i", "s3://public/one", "-o", tmp_path / "out", "-s", 16)
    (failure,) = rows(tmp_path / "out", "failures")
    assert (failure["error"], failure["message"]) == (
        "unreadable",
        "the file cannot be read: 503 SlowDown: why",
    )
    make("-i", "s3://public/one", "-o", tmp_path / "out", "-s", 16)
    assert summary(tmp_path / "out")["images"]["written"] == 1


@pytest.mark.parametrize("layout", ["files", "webdataset"])
def test_a_dataset_is_made_continued_verified_and_overwritten_on_s3(
    make: Make, photos: Path, store: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    out = f"s3://private/{layout}"
    flags = ("-i", photos, "-s", 24, 12, "--layout", layout, "--images_per_shard", 2)
    make(*flags, "-o", out)
    make(*flags, "-o", tmp_path / "here")

    def stored() -> dict[str, bytes]:
        files = store.snapshot(layout, "private")
        return {name: data for name, data in files.items() if not name.startswith((".run/", "report.html"))}

    assert stored() == snapshot(tmp_path / "here")
    names = store.snapshot(layout, "private")
    assert ".run/lease.json" not in names
    assert not any(name.startswith(".run/tmp/") for name in names)
    assert "nothing to do: all 9 images were already committed, and none was read" in make(*flags, "-o", out)

    deleted = min(name for name in stored() if name.startswith("24/"))
    store.client.delete_object(Bucket="private", Key=f"{layout}/{deleted}")
    assert any(f"{deleted!r} is missing" in line for line in make(*flags, "-o", out, "--verify", expect=1))
    make(*flags, "-o", out)
    assert stored() == snapshot(tmp_path / "here")

    store.client.put_object(Bucket="private", Key=f"{layout}/mine.txt", Body=b"mine")
    make("-i", photos, "-o", out, "-s", 16, "--overwrite")
    make("-i", photos, "-o", tmp_path / "again", "-s", 16)
    assert stored() == {**snapshot(tmp_path / "again"), "mine.txt": b"mine"}


@pytest.mark.usefixtures("store")
def test_a_bucket_that_cannot_be_used_is_refused_before_anything_is_written(
    make: Make, photos: Path, tmp_path: Path
) -> None:
    advice = "and no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    (shown,) = make("-i", "s3://none/photos", "-o", tmp_path / "out", expect=2)
    assert shown == (
        "image_resizer: s3://none does not exist: check the name of the bucket, and AWS_ENDPOINT_URL if it is set"
    )
    (shown,) = make("-i", photos, "-o", "s3://private/out", expect=2)
    assert shown == f"image_resizer: s3://private is not public (403 AccessDenied: why), {advice}"
    (shown,) = make("-i", "s3://public/nothing", "-o", tmp_path / "out", expect=2)
    assert shown == (
        "image_resizer: -i 's3://public/nothing/**' matches nothing: use a path or pattern that matches images"
    )
    assert not (tmp_path / "out").exists()
