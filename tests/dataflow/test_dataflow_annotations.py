"""Open Images tables in a store, joined by the workers of a job."""

import csv
from pathlib import Path

import pytest

from tests.dataflow.captured import HARNESS_DIED
from tests.dataflow.conftest import IMAGES
from tests.dataflow.support import CapturedRun, Store, Submit
from tests.dataflow.test_dataflow_run import FILES, local_dataset

pytestmark = pytest.mark.slow

CLASSES = ("/m/01yrx", "/m/09tvcd", "/m/0bt9lr")
SELECTION = ("--max_per_class", "40", "--max_images", "50", "--rotation", "apply", "--annotations", "coco", "yolo")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with boxes of three classes, and a list with rotations, for two thirds of the images."""
    folder = tmp_path_factory.mktemp("tables")
    images = [f"p{number:03d}" for number in range(IMAGES) if number % 3]
    with (folder / "boxes.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("ImageID", "LabelName", "XMin", "XMax", "YMin", "YMax", "IsGroupOf"))
        for number, image in enumerate(images):
            for count in range(number % 4):
                edges = 0.1 * count, 0.1 * count + 0.3, 0.2, 0.9
                table.writerow((image, CLASSES[(number + count) % 3], *edges, number % 2))
    with (folder / "list.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("ImageID", "License", "Author", "Rotation"))
        table.writerows((image, "CC", f"author of {image}", 90.0 * (len(image) % 4)) for image in [*images, "gone"])
    return folder


def test_a_job_with_boxes_whose_worker_was_killed_makes_the_local_dataset(
    submit: Submit, environment: Path, store: Store, images: Path, tables: Path, tmp_path: Path
) -> None:
    def flags(place: object) -> tuple[str, ...]:
        return (*FILES, "--boxes", f"{place}/boxes.csv", "--image_list", f"{place}/list.csv", *SELECTION)

    store.write_tree(tables, "tables")
    job = submit("boxes", *flags("gs://bucket/tables"))
    with CapturedRun(job, environment, store, tmp_path) as first:
        first.wait_until(lambda: len(store.generations(f"{job.out}/.run/shards")) >= 3)
        first.kill_harness()
        assert first.wait() == HARNESS_DIED
    with CapturedRun(job, environment, store, tmp_path) as second:
        assert second.wait() == 0
    dataset = store.snapshot(job.out)
    assert dataset == local_dataset(images, tmp_path / "here", *flags(tables))
    assert dataset["missing-00000-of-00001.jsonl"].count(b"\n") > 0
    assert sum(name.endswith(".txt") for name in dataset) == sum(name.endswith(".jpg") for name in dataset) == 50
