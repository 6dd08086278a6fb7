"""How the program reads, writes, lists and deletes objects."""

from collections.abc import Iterator

import pytest
from apache_beam.io.filesystems import FileSystems

from tests.dataflow.conftest import ODD_NAMES
from tests.dataflow.store import BUCKET
from tests.dataflow.support import Store
from transforms import storage
from transforms.listing.files import list_files
from transforms.listing.ranges import NameRange
from transforms.model.errors import StorageError
from transforms.storage import gcs, gcs_client

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _use_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    storage.set_options([])
    yield
    gcs_client.client.cache_clear()


def test_reading_and_writing_an_object_takes_one_request_each(store: Store) -> None:
    storage.write(f"gs://{BUCKET}/own", "a b/ü%20.bin", b"data")
    store.clear_requests()
    assert storage.read(f"gs://{BUCKET}/own/a b/ü%20.bin") == b"data"
    assert [request.method for request in store.requests()] == ["GET"]
    store.clear_requests()
    storage.write(f"gs://{BUCKET}/own", "c", b"more")
    assert [request.method for request in store.requests()] == ["POST"]
    assert storage.size(f"gs://{BUCKET}/own/c") == 4
    assert storage.size(f"gs://{BUCKET}/own/d") is None
    assert storage.read_if_there(f"gs://{BUCKET}/own/d") is None
    assert (storage.exists(f"gs://{BUCKET}/own/c"), storage.exists(f"gs://{BUCKET}/own/d")) == (True, False)
    with pytest.raises(StorageError, match=r"cannot read 'gs://bucket/own/d': No such object or bucket"):
        storage.read(f"gs://{BUCKET}/own/d")


def test_an_object_is_read_and_written_in_pieces(store: Store) -> None:
    size, _ = storage.write_pieces(f"gs://{BUCKET}/pieces", "x", lambda: [b"abc", b"def"])
    path = f"gs://{BUCKET}/pieces/x"
    assert size == 6
    with storage.open_file(path) as file:
        assert (file.read(2), file.seek(-2, 2), file.read()) == (b"ab", 4, b"ef")
    with pytest.raises(StorageError, match=r"cannot read 'gs://bucket/pieces/y': No such object or bucket"):
        storage.open_file(f"gs://{BUCKET}/pieces/y").__enter__()
    with storage.open_file(path) as file:
        store.bucket.blob("pieces/x").delete()
        with pytest.raises(StorageError, match=r"cannot read 'gs://bucket/pieces/x': NotFound: 404 "):
            file.read()


def test_only_named_objects_are_deleted(store: Store) -> None:
    names = ["x?.jpg", "xy.jpg", "[1].jpg", "1.jpg", "s*", "star"]
    for name in names:
        storage.write(f"gs://{BUCKET}/names", name, b"")
    storage.delete_all(f"gs://{BUCKET}/names", ["x?.jpg", "[1].jpg", "s*", "missing"])
    assert sorted(store.generations("names")) == ["1.jpg", "star", "xy.jpg"]
    storage.write(f"gs://{BUCKET}/na*", "one", b"")
    storage.delete_tree(f"gs://{BUCKET}/na*")
    assert store.generations("na*") == {}
    storage.delete_tree(f"gs://{BUCKET}/names", spare=f"gs://{BUCKET}/names/star")
    assert list(store.generations("names")) == ["star"]


@pytest.mark.parametrize("name", ["photos/**", "photos/3/*1.jpg", "photos/3/", "photos/3/p003.jpg", "none/*", "none"])
def test_a_pattern_matches_what_beam_matches(name: str) -> None:
    pattern = f"gs://{BUCKET}/{name}"
    (matched,) = FileSystems.match([pattern])
    files = [(file.path, file.size_in_bytes, file.last_updated_in_seconds) for file in matched.metadata_list]
    assert storage.list_pattern(pattern) == files
    assert bool(files) == (not name.startswith("none"))
    assert storage.list_pattern(pattern, 1) == files[:1]


@pytest.mark.parametrize("alphabet", ["0123456789abcdef", "p0", "ü"])
def test_ranges_list_every_name_once(alphabet: str) -> None:
    pattern = f"gs://{BUCKET}/photos/**"
    whole = sorted(list_files(pattern))
    assert len(whole) > 240
    assert {f"gs://{BUCKET}/photos/{name}" for name in ODD_NAMES} <= {path for path, _, _ in whole}
    assert sorted(list_files(pattern, alphabet)) == whole
    part = f"gs://{BUCKET}/photos/3/*1.jpg"
    assert sorted(list_files(part, alphabet)) == sorted(list_files(part)) != []


def test_a_range_is_listed_page_by_page(store: Store) -> None:
    store.clear_requests()
    first = next(gcs.list_range(f"gs://{BUCKET}/photos/", "", ""))
    assert first[0] == min(f"gs://{BUCKET}/photos/{name}" for name in store.generations("photos"))
    assert len(store.requests()) == 1
    with pytest.raises(StorageError, match=r"cannot list 'gs://none/\*\*': No such object or bucket"):
        list(list_files("gs://none/**", "ab"))
    assert list(gcs.list_range(f"gs://{BUCKET}/photos/", *NameRange("üz", ""))) == []


def test_the_region_of_a_bucket(store: Store) -> None:
    location = store.bucket.client.get_bucket(BUCKET).location.lower()
    for path in (f"gs://{BUCKET}", f"gs://{BUCKET}/", f"gs://{BUCKET}/photos"):
        assert gcs.region_of(path) == location
    assert gcs.region_of("gs://none/photos") is None
