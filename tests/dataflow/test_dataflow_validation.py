"""What is wrong with a job is told before anything is submitted, without the service."""

import pytest

from tests.dataflow.store import BUCKET
from tests.dataflow.support import PLACE, Store, flags_of, submission

IN_AND_OUT = ("-i", f"gs://{BUCKET}/photos", "-o", f"gs://{BUCKET}/unmade", "-s", "64")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"--project": "A Project"}, "A Project"),
        ({"--project": "123456"}, "123456"),
        ({"--project": None}, "project"),
        ({"--region": None}, "region"),
        ({"--region": "Nowhere"}, "Nowhere"),
        ({"--temp_location": "bucket/tmp"}, "bucket/tmp"),
        ({"--temp_location": "gs://Bucket/tmp"}, "Bucket"),
    ],
)
def test_a_place_that_cannot_be_is_refused(store: Store, changed: dict[str, str | None], told: str) -> None:
    place = {flag: value for flag, value in {**PLACE, **changed}.items() if value is not None}
    done = submission(store, *flags_of(place), "--dry_run", "True", *IN_AND_OUT)
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_job_that_could_be_submitted_passes(store: Store) -> None:
    before = store.generations("")
    done = submission(store, *flags_of(PLACE), "--dry_run", "True", *IN_AND_OUT)
    assert done.returncode == 0, done.stderr
    assert store.generations("") == before
