"""Objects as the program reads, writes, lists and deletes them."""

from collections.abc import Iterator

import pytest

from tests.dataflow.conftest import ODD_NAMES
from tests.dataflow.store import BUCKET
from tests.dataflow.support import Store
from transforms import storage
from transforms.errors import StorageError
from transforms.listing import list_files
from transforms.ranges import NameRange
from transforms.storage import gcs


@pytest.fixture(autouse=True)
def _reached(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    storage.set_options([])
    gcs._client.cache_clear()
    yield
    gcs._client.cache_clear()


def test_an_object_comes_back_and_takes_one_request(store: Store) -> None:
    storage.write(f"gs://{BUCKET}/own", "a b/ü%20.bin", b"data")
    store.forget()
    assert storage.read(f"gs://{BUCKET}/own/a b/ü%20.bin") == b"data"
    assert [request.method for request in store.requests()] == ["GET"]
    store.forget()
    storage.write(f"gs://{BUCKET}/own", "c", b"more")
    assert [request.method for request in store.requests()] == ["POST"]
    assert storage.size(f"gs://{BUCKET}/own/c") == 4
    assert storage.size(f"gs://{BUCKET}/own/d") is None
    assert storage.read_if_there(f"gs://{BUCKET}/own/d") is None
    assert (storage.exists(f"gs://{BUCKET}/own/c"), storage.exists(f"gs://{BUCKET}/own/d")) == (True, False)
    with pytest.raises(StorageError, match=r"cannot read 'gs://bucket/own/d': No such object or bucket"):
        storage.read(f"gs://{BUCKET}/own/d")


def test_only_what_is_named_is_deleted(store: Store) -> None:
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


@pytest.mark.parametrize("alphabet", ["0123456789abcdef", "p0", "ü"])
def test_every_name_is_listed_once_by_ranges(alphabet: str) -> None:
    pattern = f"gs://{BUCKET}/photos/**"
    in_one_go = sorted(list_files(pattern))
    assert len(in_one_go) > 240
    assert {f"gs://{BUCKET}/photos/{name}" for name in ODD_NAMES} <= {path for path, _, _ in in_one_go}
    assert sorted(list_files(pattern, alphabet)) == in_one_go
    some = f"gs://{BUCKET}/photos/3/*1.jpg"
    assert sorted(list_files(some, alphabet)) == sorted(list_files(some)) != []


def test_a_range_is_listed_page_by_page(store: Store) -> None:
    store.forget()
    first = next(gcs.list_range(f"gs://{BUCKET}/photos/", "", ""))
    assert first[0] == min(f"gs://{BUCKET}/photos/{name}" for name in store.generations("photos"))
    assert len(store.requests()) == 1
    with pytest.raises(StorageError, match=r"cannot list 'gs://none/\*\*': NotFound: 404"):
        list(list_files("gs://none/**", "ab"))
    assert list(gcs.list_range(f"gs://{BUCKET}/photos/", *NameRange("üz", ""))) == []


def test_where_a_bucket_is(store: Store) -> None:
    assert gcs.region_of(f"gs://{BUCKET}/photos") == store.bucket.client.get_bucket(BUCKET).location.lower()
    assert gcs.region_of("gs://none/photos") is None
