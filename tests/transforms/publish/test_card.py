import json

import yaml

from transforms.model.records import NO_COLUMNS, ArchiveRow, Columns
from transforms.publish.card import card
from transforms.publish.croissant import croissant
from transforms.publish.facts import DatasetFacts, Output, SplitFacts, words
from transforms.publish.license import license_text

SETTINGS = {"fit": "contain", "algorithm": "lanczos", "versions": {"pillow": "12.3.0"}}


def facts(archives: tuple[ArchiveRow, ...], *splits: SplitFacts) -> DatasetFacts:
    images = {"matched": 3, "written": 3, "failed": 0, "skipped": 0}
    return DatasetFacts(
        *("a", "", "", "webdataset", (8,), splits, archives, NO_COLUMNS, images, 0, None, 0, SETTINGS),
        command="image_resizer",
    )


def test_patterns_name_the_archives_of_one_split_and_no_others() -> None:
    names = (
        "train-00000-of-100001",
        "train-99999-of-100001",
        "train-100000-of-100001",
        "train-00000-of-00007-00000-of-00001",
    )
    archives = [ArchiveRow(f"{name}.tar", "train", 8, 1, 9, "0") for name in names[:3]]
    archives += [ArchiveRow(f"{names[3]}.tar", "train-00000-of-00007", 8, 1, 9, "0")]
    output = {8: Output(1, 9, ("jpg",))}
    splits = [SplitFacts("train", "train", 3, output), SplitFacts("train-00000-of-00007", "other", 1, output)]
    head = yaml.safe_load(card(facts(tuple(archives), *splits)).split("---\n")[1])
    five, digits = "[0-9]" * 5, "[0-9]" * 6
    assert head["configs"][0]["data_files"] == [
        {"split": "train", "path": [f"train-{five}-of-100001.tar", f"train-{digits}-of-100001.tar"]},
        {"split": "other", "path": [f"train-00000-of-00007-{five}-of-00001.tar"]},
    ]


def test_a_split_without_images_is_in_no_list() -> None:
    archives = (
        ArchiveRow("a-00000-of-00001.tar", "a", 8, 1, 9, "0"),
        ArchiveRow("b-00000-of-00001.tar", "b", 8, 0, 9, "0"),
    )
    splits = (SplitFacts("a", "a", 1, {8: Output(1, 9, ("jpg",))}), SplitFacts("b", "b", 1, {8: Output(0, 0, ())}))
    head = yaml.safe_load(card(facts(archives, *splits)).split("---\n")[1])
    assert [one["split"] for one in head["configs"][0]["data_files"]] == ["a"]
    assert head["dataset_info"][0]["splits"] == [{"name": "a", "num_bytes": 9, "num_examples": 1}]
    assert [one["@id"] for one in json.loads(croissant(facts(archives, *splits)) or "")["recordSet"]] == ["8-a"]


def test_labels_without_names_and_a_citation() -> None:
    labelled = Columns({"label": "int64"})
    told = facts((), SplitFacts("a", "a", 1, {8: Output(1, 9, ("jpg",))}))._replace(
        layout="files", columns=labelled, license="cc-by-4.0", citation="@misc{a, note = {```}}"
    )
    text = card(told)
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["license"] == "cc-by-4.0"
    assert head["configs"][0]["features"] == [{"name": "image", "dtype": "image"}, {"name": "label", "dtype": "int64"}]
    assert text.endswith("\n## Citation\n\n````bibtex\n@misc{a, note = {```}}\n````\n")


def test_a_license_of_the_collection() -> None:
    told = facts((), SplitFacts("a", "a", 1, {8: Output(1, 9, ("jpg",))}))
    lines = license_text(told._replace(licenses={"": 2, "by": 1}, license="cc-by-4.0")).splitlines()
    assert lines[6:] == ["  (none is named): 2", "  by: 1", "", "The collection as such is under: cc-by-4.0"]


def test_words_are_words_differ_and_leave_all_free() -> None:
    assert words(["a-b", "a.b", "a_b", "all", "ü"]) == ["a_b", "a_b_", "a_b__", "all_", "ü"]
