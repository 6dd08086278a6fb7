"""The properties of the emulated store on which the other tests rely."""

from collections import Counter
from pathlib import Path

import pytest
from apache_beam.io.filesystems import FileSystems
from google.cloud.exceptions import ServiceUnavailable, TooManyRequests

from tests.dataflow.conftest import ODD_NAMES
from tests.dataflow.store import BUCKET, page_of
from tests.dataflow.support import Store, running_store
from transforms.dataset import state
from transforms.storage import gcs_client

pytestmark = pytest.mark.slow


def test_a_range_is_listed_in_pages_and_in_order(store: Store) -> None:
    whole = [blob.name for blob in store.bucket.list_blobs(prefix="photos/")]
    assert whole == sorted(whole, key=str.encode)
    assert len(whole) > 200
    first, end = whole[20], whole[-20]
    assert [blob.name for blob in store.bucket.list_blobs(start_offset=first, end_offset=end)] == whole[20:-20]
    fields = "items(name,size),nextPageToken"
    assert [blob.name for blob in store.bucket.list_blobs(prefix="photos/", fields=fields)] == whole


def test_a_page_has_the_requested_names_and_fields() -> None:
    objects = [{"name": name, "size": "1", "etag": "x"} for name in "abc"]
    query = {"maxResults": "2", "fields": "nextPageToken,items(name,size)"}
    page = page_of(objects, [], query)
    assert page == {"items": [{"name": "a", "size": "1"}, {"name": "b", "size": "1"}], "nextPageToken": "c"}
    assert page_of(objects, [], {**query, "pageToken": "c", "fields": "items/name"}) == {"items": [{"name": "c"}]}


def test_odd_names_are_read_and_moved_unchanged(store: Store, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    for name in ODD_NAMES:
        with FileSystems.open(f"gs://{BUCKET}/photos/{name}") as file:
            assert file.read() == (images / name).read_bytes()
    moved = [f"gs://{BUCKET}/moved/{name}" for name in ODD_NAMES]
    for name in ODD_NAMES:
        store.bucket.blob(f"unmoved/{name}").upload_from_string(name)
    FileSystems.rename([f"gs://{BUCKET}/unmoved/{name}" for name in ODD_NAMES], moved)
    assert store.generations("unmoved") == {}
    assert store.snapshot("moved") == {name: name.encode() for name in ODD_NAMES}


def test_every_fifth_request_is_refused(tmp_path: Path) -> None:
    with running_store(tmp_path / "busy", fault_every=5) as busy:
        client = busy.bucket.client
        client._connection.extra_headers = {}
        answers: Counter[str] = Counter()
        for _ in range(20):
            try:
                client.get_bucket(BUCKET, retry=None)
                answers["served"] += 1
            except (TooManyRequests, ServiceUnavailable) as error:
                answers[type(error).__name__] += 1
        assert answers == {"served": 16, "TooManyRequests": 2, "ServiceUnavailable": 2}
        assert Counter(request.status for request in busy.requests()) == {200: 16, 429: 2, 503: 2}


def test_the_state_of_an_earlier_version_is_moved_in_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted move is repeated: an object that was copied but not yet deleted exists in both places."""
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    gcs_client.client.cache_clear()
    files = {
        "config.json": b"{}",
        "history-1.json": b"one",
        **{f"shards/a-{n:02d}.jsonl": b"%d" % n for n in range(40)},
    }
    for name, data in files.items():
        store.bucket.blob(f"moving/_run/{name}").upload_from_string(data)
    store.bucket.blob("moving/.run/shards/a-00.jsonl").upload_from_string(b"0")
    out = f"gs://{BUCKET}/moving"
    names = [f".run/shards/a-{n:02d}.jsonl" for n in range(40)]
    for _ in range(2):
        assert state.paths(out, ".run/shards/") == names
        assert [state.read(out, name) for name in (".run/config.json", *names[:2])] == [b"{}", b"0", b"1"]
        state.settle(out)
    assert store.generations("moving/_run") == {}
    assert {name: store.read(f"moving/.run/{name}") for name in store.generations("moving/.run")} == files
    gcs_client.client.cache_clear()
