import json

import pytest
import yaml

from transforms.layouts import LAYOUTS
from transforms.model.config import Unread
from transforms.model.records import NO_COLUMNS, ArchiveRow, Columns
from transforms.publish.card import card
from transforms.publish.card_head import with_current_head
from transforms.publish.croissant import croissant
from transforms.publish.facts import DatasetFacts, OutputFacts, SplitFacts, words_for_splits
from transforms.publish.license import license_text
from transforms.summary.enlarged import Enlarged

SETTINGS = {"fit": "contain", "algorithm": "lanczos", "versions": {"pillow": "12.3.0"}}
ONE_JPEG = {8: OutputFacts(1, 9, ("jpg",))}


def facts(layout: str, *splits: SplitFacts, archives: tuple[ArchiveRow, ...] = ()) -> DatasetFacts:
    return DatasetFacts(
        name="a",
        license="",
        citation="",
        layout=LAYOUTS[layout],
        sizes=(8,),
        splits=splits,
        archives=archives,
        columns=NO_COLUMNS,
        images={"matched": 1003, "written": 1000, "failed": 2, "skipped": 1},
        kept=0,
        enlarged=(),
        unread=Unread(),
        duplicates=5,
        licenses=None,
        unattributed=0,
        annotated={},
        settings=SETTINGS,
        command="image_resizer",
    )


def test_patterns_match_the_archives_of_one_split_and_no_others() -> None:
    names = (
        "train-00000-of-100001",
        "train-99999-of-100001",
        "train-100000-of-100001",
        "train-00000-of-00007-00000-of-00001",
    )
    archives = [ArchiveRow(f"{name}.tar", "train", 8, 1, 9, "0") for name in names[:3]]
    archives += [ArchiveRow(f"{names[3]}.tar", "train-00000-of-00007", 8, 1, 9, "0")]
    splits = [SplitFacts("train", "train", ONE_JPEG), SplitFacts("train-00000-of-00007", "other", ONE_JPEG)]
    head = yaml.safe_load(card(facts("webdataset", *splits, archives=tuple(archives))).split("---\n")[1])
    five, six = "[0-9]" * 5, "[0-9]" * 6
    assert head["configs"][0]["data_files"] == [
        {"split": "train", "path": [f"train-{five}-of-100001.tar", f"train-{six}-of-100001.tar"]},
        {"split": "other", "path": [f"train-00000-of-00007-{five}-of-00001.tar"]},
    ]


def test_a_split_without_images_is_left_out() -> None:
    archives = (
        ArchiveRow("a-00000-of-00001.tar", "a", 8, 1, 9, "0"),
        ArchiveRow("b-00000-of-00001.tar", "b", 8, 0, 9, "0"),
    )
    splits = (SplitFacts("a", "a", ONE_JPEG), SplitFacts("b", "b", {8: OutputFacts(0, 0, ())}))
    dataset = facts("webdataset", *splits, archives=archives)
    head = yaml.safe_load(card(dataset).split("---\n")[1])
    assert [files["split"] for files in head["configs"][0]["data_files"]] == ["a"]
    assert head["dataset_info"][0]["splits"] == [{"name": "a", "num_bytes": 9, "num_examples": 1}]
    assert [records["@id"] for records in json.loads(croissant(dataset) or "")["recordSet"]] == ["8-a"]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_an_edited_card_gets_the_current_entries_for_loaders(newline: bytes) -> None:
    dataset = facts("files", SplitFacts("a", "a", ONE_JPEG))
    first, last = b"---\nlanguage: en # \xff\n", b"tags:\n- boats\n\n# a comment\n---\n# Mine\n---\nconfigs:\n- none\n"
    old = b"configs:\n- config_name: '9'\n\n  default: false\n%bdataset_info:\n  config_name: '9'\n%b"
    current = yaml.safe_load(card(dataset).split("---\n")[1])
    entries = yaml.safe_dump({name: current[name] for name in ("configs", "dataset_info")}, sort_keys=False).encode()
    for between in (b"", b"license: mit\n"):
        edited = (first + old % (between, last)).replace(b"\n", newline)
        renewed = with_current_head(edited, dataset)
        assert renewed == first.replace(b"\n", newline) + entries + (between + last).replace(b"\n", newline)
        assert with_current_head(renewed, dataset) == renewed
    assert with_current_head(first + last, dataset) == (first + last).replace(b"---\n# Mine", entries + b"---\n# Mine")


@pytest.mark.parametrize("text", [b"", b"# Mine\n---\nconfigs:\n---\n", b"---\nconfigs:\n"])
def test_a_card_without_a_head_stays_as_it_is(text: bytes) -> None:
    assert with_current_head(text, facts("files", SplitFacts("a", "a", ONE_JPEG))) == text


def test_an_edited_card_loses_the_entries_of_a_dataset_without_images() -> None:
    dataset = facts("files", SplitFacts("a", "a", {8: OutputFacts(0, 0, ())}))
    text = b"---\nconfigs:\n- config_name: '8'\ndataset_info: {}\nlicense: mit\n---\nMine.\n"
    assert with_current_head(text, dataset) == b"---\nlicense: mit\n---\nMine.\n"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_size_without_images_is_neither_the_default_nor_an_example(layout: str) -> None:
    outputs = {16: OutputFacts(0, 0, ()), 8: OutputFacts(2, 9, ("jpg",)), 4: OutputFacts(2, 5, ("jpg",))}
    text = card(facts(layout, SplitFacts("a", "a", outputs))._replace(sizes=(16, 8, 4)))
    head = yaml.safe_load(text.split("---\n")[1])
    assert [(config["config_name"], config.get("default")) for config in head["configs"]] == [("8", True), ("4", None)]
    section = text.partition("## How to load it\n\n")[2].partition("\n\n## ")[0]
    assert section.startswith("Each example loads the images of 8 px, each image once: use 4 for another size.\n\n")
    assert "16" not in section


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_card_of_a_dataset_without_images_has_no_code(layout: str) -> None:
    text = card(facts(layout, SplitFacts("a", "a", {8: OutputFacts(0, 0, ())})))
    section = text.partition("## How to load it\n\n")[2].partition("\n\n## ")[0]
    assert section == (
        "The dataset contains no image that could be loaded: `failures-*.jsonl` and `manifest-*.jsonl` say why."
    )


def test_labels_without_names_and_a_citation() -> None:
    dataset = facts("files", SplitFacts("a", "a", ONE_JPEG))._replace(
        columns=Columns({"label": "int64"}), license="cc-by-4.0", citation="@misc{a, note = {```}}"
    )
    text = card(dataset)
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["license"] == "cc-by-4.0"
    assert head["configs"][0]["features"] == [{"name": "image", "dtype": "image"}, {"name": "label", "dtype": "int64"}]
    assert text.endswith("\n## Citation\n\n````bibtex\n@misc{a, note = {```}}\n````\n")


def test_the_text_for_people() -> None:
    dataset = facts("files", SplitFacts("a_b", "a_b", {8: OutputFacts(1000, 41_300, ("jpg",))}))
    columns = Columns({"caption": "string", "label": "int64", "label_name": "string"}, ("cat", "dog"))
    text = card(dataset._replace(columns=columns, licenses={"by": 990}, unattributed=10))
    paragraphs = text.partition("\n---\n\n")[2].split("\n\n")
    assert paragraphs[:4] == [
        "<!-- Every run rewrites this file. Delete this line to keep your own text. -->",
        "# a",
        "Images at 8 px (the longest side), resized with the lanczos filter.",
        "## How to load it",
    ]
    assert paragraphs[paragraphs.index("## What is in it") :] == [
        "## What is in it",
        "| split | images | 8 px |\n| --- | ---: | ---: |\n| a\\_b | 1,000 | 41.3 KB |",
        "Images: 1,000 written, 2 failed and 1 skipped, of 1,003 matched; `manifest-*.jsonl` and `failures-*.jsonl` "
        "give the reasons. Copies of an earlier image (the same `source_sha256`): 5.",
        "In addition to its image, each sample has these columns: `caption` (string), `label` (int64), `label_name` "
        "(string).",
        "The classes, 2 in all, are numbered in the order of their names.",
        "`manifest-*.jsonl` has a row for each image and size: the key, the source with its size and SHA-256, the "
        "output with its size, bytes and SHA-256, and the part of the source that the output shows. "
        "`sha256sum -c SHA256SUMS` checks every file.",
        "## How it was made",
        "downsampled-open-images made this dataset with the command",
        "    image_resizer",
        "and with these libraries:",
        "| library | version |\n| --- | --- |\n| pillow | 12.3.0 |",
        "## Licenses",
        "`attribution-*.jsonl` names the author and the license of each image, and `LICENSE` counts the licenses. "
        "Images without an attribution, which `unmatched-*.jsonl` lists: 10.\n",
    ]


@pytest.mark.parametrize(
    ("layout", "extension", "libraries"),
    [
        ("files", "jpg", ["datasets", "Pillow"]),
        ("files", "avif", ["Pillow"]),  # imagefolder does not read AVIF
        ("webdataset", "avif", ["datasets", "webdataset"]),
        ("parquet", "webp", ["datasets", "pyarrow", "DuckDB"]),
        ("tfrecord", "jpg", ["tfrecord"]),
    ],
)
def test_the_card_shows_the_libraries_that_load_the_dataset(layout: str, extension: str, libraries: list[str]) -> None:
    archive = f"a-00000-of-00001.{LAYOUTS[layout].archive_extension}"
    archives = (ArchiveRow(archive, "a", 8, 1, 9, "0"),) if LAYOUTS[layout].has_archives else ()
    text = card(facts(layout, SplitFacts("a", "a", {8: OutputFacts(1, 9, (extension,))}), archives=archives))
    section = text.partition("## How to load it")[2].partition("## What is in it")[0]
    titles = [line for line in section.splitlines() if line.startswith("With ")]
    assert len(titles) == len(libraries)
    assert all(library in title for library, title in zip(libraries, titles, strict=True))
    head = yaml.safe_load(text.split("---\n")[1])
    assert (head.get("viewer", True), "dataset_info" in head) == ("datasets" in libraries,) * 2
    assert ("`load_dataset` of Hugging Face's datasets cannot read these files" in section) != head.get("viewer", True)


def test_the_images_of_a_split_are_those_of_the_size_that_has_the_most() -> None:
    outputs = {8: OutputFacts(1000, 41_300, ("jpg",)), 4: OutputFacts(1002, 9_000, ("jpg",))}
    text = card(facts("files", SplitFacts("a", "a", outputs))._replace(sizes=(8, 4)))
    assert "| a | 1,002 | 41.3 KB (1,000 images) | 9 KB |" in text
    assert yaml.safe_load(text.split("---\n")[1])["size_categories"] == ["1K<n<10K"]
    assert "loads the images of 8 px, each image once: use 4 for another size." in text


def test_the_card_says_what_is_enlarged_and_what_was_not_read() -> None:
    dataset = facts("files", SplitFacts("a", "a", ONE_JPEG))
    unread = Unread(7, ("'a_b.jpg' is a broken link", "'c' cannot be listed (Permission denied)"))
    text = card(dataset._replace(enlarged=(Enlarged(8, 1, 3),), unread=unread))
    assert (
        " Larger than their sources at 8 px: 1 of 3 images (33.3 %). Inputs that could not be read: 7 "
        "('a\\_b.jpg' is a broken link; 'c' cannot be listed (Permission denied); 5 more).\n"
    ) in text


def test_the_card_says_how_many_sources_are_kept() -> None:
    dataset = facts("files", SplitFacts("a", "a", ONE_JPEG))
    sentence = "Copied byte for byte with all metadata, since no change was needed (the note `kept`)"
    assert sentence not in card(dataset)
    assert f" {sentence}: 1,200.\n" in card(dataset._replace(kept=1200))


def test_the_license_of_the_collection() -> None:
    dataset = facts("files", SplitFacts("a", "a", ONE_JPEG))
    lines = license_text(dataset._replace(licenses={"": 2, "by": 1}, license="cc-by-4.0")).splitlines()
    assert lines[6:] == ["  (no license named): 2", "  by: 1", "", "License of the collection as a whole: cc-by-4.0"]


def test_words_for_splits_differ_and_none_is_all() -> None:
    assert words_for_splits(["a-b", "a.b", "a_b", "all", "ü"]) == ["a_b", "a_b_", "a_b__", "all_", "ü"]
