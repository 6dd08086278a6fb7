"""The names in OUT that no output may have, since the dataset uses them itself."""

import pytest

from transforms.dataset.paths import own_path
from transforms.dataset.plan import Plan, document_paths

EVERYTHING = {"layout": "files", "size": [8, 4], "attribution": "a", "image_list": "b", "annotations": ["coco", "yolo"]}


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("a/b.jpg", None),
        ("512/.run/b.jpg", None),
        ("x.run/b.jpg", None),
        (".run/tmp/b.jpg", ".run"),
        (".run.sqlite/b.jpg", ".run.sqlite"),
        (".run.sqlite-journal/b.jpg", ".run.sqlite-journal"),
        (".run.lock/b.jpg", ".run.lock"),
        (".runs/b.jpg", None),
        ("_run/b.jpg", None),
        ("report.html/a.jpg", "report.html"),
        ("README.md/a/b.jpg", "README.md"),
        ("README.md.jpg", None),
        ("x/README.md/a.jpg", None),
        ("croissant.json/a.jpg", "croissant.json"),
        ("manifest-00000-of-00012.jsonl/a.jpg", "manifest-00000-of-00012.jsonl"),
        ("manifest-0-of-1.jsonl/a.jpg", None),
        ("unmatched-00000-of-00001.jsonl/a.jpg", "unmatched-00000-of-00001.jsonl"),
        ("metadata.jsonl/a.jpg", "metadata.jsonl"),
        ("coco.json/a.jpg", "coco.json"),
        ("data.yaml/x/a.jpg", "data.yaml"),
        ("x/metadata.jsonl/a.jpg", None),
    ],
)
def test_names_that_a_dataset_uses_itself(path: str, own: str | None) -> None:
    assert own_path(path, "", "") == own


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("8/a/README.md/x.jpg", None),
        ("8/a/metadata.jsonl/x.jpg", "8/a/metadata.jsonl"),
        ("8/a/coco.json/x.jpg", "8/a/coco.json"),
        ("8/a/data.yaml/x.jpg", None),
        ("8/a/x/metadata.jsonl/x.jpg", None),
    ],
)
def test_names_in_the_folder_of_a_size_and_a_split(path: str, own: str | None) -> None:
    assert own_path(path, "8/", "a/") == own


def test_every_document_has_a_name_of_the_dataset() -> None:
    for shards in ({"a": 150}, {"a": 1, "b": 1}):
        plan = Plan({}, EVERYTHING, shards)
        for path in document_paths(plan):
            size, split = ("4/", "a/") if path.startswith("4/") else ("8/", "a/")
            split = "" if len(shards) == 1 else "b/" if "/b/" in path else split
            assert own_path(f"{path}/x.jpg", size, split) == path
