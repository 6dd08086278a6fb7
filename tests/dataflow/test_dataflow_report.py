"""The report of a dataset in a store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.storage import Blob

from pipeline.report.__main__ import main
from tests.dataflow.store import BUCKET
from tests.dataflow.support import Store
from tests.support import photo_tree
from tests.support.here import run_here
from transforms.storage import gcs_client

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _use_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    gcs_client.client.cache_clear()
    yield
    gcs_client.client.cache_clear()


def test_a_report_is_written_beside_its_dataset(store: Store, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 5)
    args = ("-i", source, "-o", tmp_path / "out", "-s", 32, 16, "--layout", "tfrecord", "--images_per_shard", 2)
    assert run_here(*args).returncode == 0
    (tmp_path / "out" / "report.html").unlink()
    store.write_tree(tmp_path / "out", "odd [name]")
    assert main([f"gs://{BUCKET}/odd [name]"]) == 0
    html = store.read("odd [name]/report.html").decode()
    assert [html.count(f'alt="{side} of ') for side in ("Source", "Output")] == [5 * 2, 5 * 2]
    assert '<data value="5" data-figure="images.written">5</data>' in html
    assert "images/s" in html
    blob: Blob = store.bucket.get_blob("odd [name]/report.html")
    assert blob.content_type == "text/html"


def test_a_store_without_a_dataset_has_no_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"gs://{BUCKET}/nowhere"]) == 2
    message = f"pipeline.report: 'gs://{BUCKET}/nowhere' does not contain a complete dataset (summary.json is missing)"
    assert capsys.readouterr().err.startswith(message)
