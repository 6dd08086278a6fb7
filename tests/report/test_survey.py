"""The data about single images, from the rows of the manifest alone."""

from __future__ import annotations

import pytest

from pipeline.report.cases import ASPECT, COMPRESSED, ENLARGED, LEAST_DETAIL, Criterion
from pipeline.report.ranking import Lowest
from pipeline.report.survey import Survey, survey
from tests.report.rows import written
from tests.support import Row
from transforms.model.keys import sample_rank


def survey_of(*images: tuple[Row, ...], layout: str = "files", splits: tuple[str, ...] = ("train",)) -> Survey:
    return survey(images, layout, splits, sizes=len(images[0]) if images else 1)


def names(survey: Survey, criterion: Criterion) -> list[str]:
    return [row["source"] for row in survey.cases[criterion]]


def test_the_lowest_items_are_kept_and_the_earlier_of_two_equal_ones() -> None:
    kept: Lowest[str] = Lowest(3)
    for score, file in ((5, "e"), (2, "b"), (4, "d"), (2, "c"), (2, "b"), (9, "z"), (1, "a")):
        kept.add(score, file, f"{file}{score}")
    assert kept.items() == ("a1", "b2", "c2")


def test_the_sample_is_that_of_the_lowest_ranks_without_duplicates() -> None:
    images = [
        (written(f"i{number}.jpg", f"{number % 30}", 512), written(f"i{number}.jpg", f"{number % 30}", 256))
        for number in range(90)
    ]
    failed = [(written(f"f{number}.jpg", status="failed"),) for number in range(90)]
    sample = survey_of(*images, *failed).sample
    first: dict[int, str] = {}
    for key in sorted((f"i{number}" for number in range(90)), key=sample_rank):
        first.setdefault(int(key[1:]) % 30, key)
    assert [[(row["key"], row["size"]) for row in rows] for rows in sample] == [
        [(key, 512), (key, 256)] for key in list(first.values())[:12]
    ]


def test_the_sample_of_a_dataset_in_archives_comes_from_few_of_them() -> None:
    images = [(written(f"i{n}.jpg", path=f"train-{n % 50:05d}-of-00050.tar/i{n}.jpg"),) for n in range(500)]
    sample = survey_of(*images, layout="webdataset").sample
    assert len(sample) == 16
    archives = [rows[0]["path"].partition("/")[0] for rows in sample]
    assert archives == [archives[0]] * 10 + [archives[-1]] * 6
    ranks = [sample_rank(rows[0]["key"]) for rows in sample]
    assert ranks == sorted(ranks[:10]) + sorted(ranks[10:])


def test_the_sample_shows_what_was_written_of_an_image_that_failed_at_one_size() -> None:
    (rows,) = survey_of((written("a.jpg", size=512, status="failed"), written("a.jpg", size=64))).sample
    assert [row["size"] for row in rows] == [64]


def test_the_worst_cases_are_ordered_and_described() -> None:
    normal = [(written(f"{number}.jpg"),) for number in range(9)]
    wide: Row = {"source_width": 3000, "source_height": 1000, "source_box": [1000.0, 0.0, 2000.0, 1000.0]}
    crop = written("crop.jpg", **wide, output_box=[0, 0, 512, 512], width=512, height=512)
    stretch = written("stretch.jpg", output_box=[0, 0, 512, 512], width=512, height=512)
    turned = written("turned.jpg", orientation=6, output_box=[0, 0, 384, 512], width=384, height=512)
    small: Row = {"source_width": 64, "source_height": 48, "source_box": [0.0, 0.0, 64.0, 48.0], "source_format": "PNG"}
    tiny, crushed = written("tiny.png", **small), written("crushed.webp", source_bytes=4_000, source_format="WEBP")
    flat = written("flat.jpg", bytes=2_457)
    found = survey_of(*normal, (crop,), (stretch,), (turned,), (tiny,), (crushed,), (flat,))
    assert names(found, ASPECT) == ["crop.jpg", "stretch.jpg"]
    assert [ASPECT.describe(row) for row in (crop, stretch)] == [
        ("3 \N{RIGHTWARDS ARROW} 1", "cropped"),
        ("1.33 \N{RIGHTWARDS ARROW} 1", "distorted"),
    ]
    assert names(found, ENLARGED) == ["tiny.png"]
    assert ENLARGED.describe(tiny) == ("64 \N{MULTIPLICATION SIGN} 48 px", "enlarged 8 times")
    assert names(found, COMPRESSED)[:2] == ["crushed.webp", "crop.jpg"]
    assert COMPRESSED.describe(crushed) == ("0.04 bits per pixel", "4 KB")
    assert names(found, LEAST_DETAIL)[0] == "flat.jpg"
    assert LEAST_DETAIL.describe(flat) == ("0.10 bits per pixel", "2.46 KB")
    assert (len(found.cases[COMPRESSED]), len(found.cases[LEAST_DETAIL])) == (6, 15)


@pytest.mark.parametrize("label", ["label", "label_name"])
def test_classes_and_splits_have_numbers_and_examples(label: str) -> None:
    images = [
        (written(f"{split}/{number}.jpg") | {label: ("cat", "dog", None)[number % 3]},)
        for split in ("train", "val")
        for number in range(30)
    ]
    found = survey_of(*images, splits=("train", "val", "empty"))
    assert found.classes == {"cat": 20, "dog": 20}
    cats = sorted((row for (row,) in images if row[label] == "cat"), key=lambda row: sample_rank(row["key"]))
    assert [example.source for example in found.class_examples["cat"]] == [row["source"] for row in cats[:5]]
    assert {name: len(examples) for name, examples in found.split_examples.items()} == {
        "train": 5,
        "val": 5,
        "empty": 0,
    }
    assert all(example.source.startswith("val/") for example in found.split_examples["val"])


def test_duplicates_are_grouped_by_the_bytes_of_their_sources() -> None:
    files = {"x": 4, "y": 2, "z": 1}
    images = [(written(f"{name}{number}.jpg", name),) for name, count in files.items() for number in range(count)]
    failed = [(written(f"w{number}.jpg", "w", status="failed", path=None),) for number in range(3)]
    unread = [(written(f"u{number}.jpg", source_sha256=None, status="failed"),) for number in range(3)]
    found = survey_of(*failed, *images, *unread)
    assert found.groups == 3
    assert [(group.images, group.names) for group in found.duplicates] == [
        (4, ("x0.jpg", "x1.jpg", "x2.jpg")),
        (3, ("w0.jpg", "w1.jpg", "w2.jpg")),
        (2, ("y0.jpg", "y1.jpg")),
    ]
    assert [group.example and group.example.path for group in found.duplicates] == ["x0.jpg", None, "y0.jpg"]
    many = survey_of(*((written(f"{number}{copy}.jpg", f"{number}"),) for number in range(20) for copy in "ab"))
    assert (many.groups, len(many.duplicates)) == (20, 12)
