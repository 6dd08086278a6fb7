"""Load datasets that loaders would misread or refuse without the help of the card and croissant.json."""

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from tests.support import image_bytes, jpeg, rows, run, sha256, write_tree
from tests.support.archives import tar
from transforms.dataset.paths import GENERATED_MARK

pytestmark = pytest.mark.slow

datasets = pytest.importorskip("datasets")

IMAGES = {f"p{seed}.jpg": jpeg(seed, (40, 30)) for seed in range(3)}

WEBDATASET = ("--layout", "webdataset")


def make(folder: Path, trees: dict[str, dict[str, bytes]], *arguments: object, columns: str = "") -> Path:
    sources = [write_tree(folder / split, tree) for split, tree in trees.items()]
    if columns:
        (folder / "columns.csv").write_bytes(os.fsencode(columns))
        arguments = (*arguments, "--columns", folder / "columns.csv")
    process = run("-i", *sources, "-o", folder / "out", "-s", 32, *arguments)
    assert process.returncode == 0, process.stderr
    return folder / "out"


def load(out: Path) -> Any:
    return datasets.load_dataset(str(out), "32", cache_dir=str(out.parent / "cache"))


def test_texts_that_look_like_dates_stay_text(tmp_path: Path) -> None:
    loaded = load(make(tmp_path, {"train": IMAGES}, columns="key,taken\np0,2020-01-01\np1,2021-01-01\np2,2022-01-01\n"))
    assert loaded["train"].features["taken"] == datasets.Value("string")
    assert [sample["taken"][:10] for sample in loaded["train"]] == ["2020-01-01", "2021-01-01", "2022-01-01"]


def test_a_column_whose_name_ends_in_file_name_is_text(tmp_path: Path) -> None:
    out = make(tmp_path, {"train": IMAGES}, columns="key,old_file_name\np0,a.jpg\np1,b.jpg\np2,c.jpg\n")
    assert sorted(sample["old_file_name"] for sample in load(out)["train"]) == ["a.jpg", "b.jpg", "c.jpg"]


def test_labels_have_the_names_of_classes(tmp_path: Path) -> None:
    trees = {"train": {"cat/a.jpg": IMAGES["p0.jpg"], "dog/b.jpg": IMAGES["p1.jpg"], "c.jpg": IMAGES["p2.jpg"]}}
    loaded = load(make(tmp_path, trees, "--label_from", "folder"))["train"]
    assert loaded.features["label"] == datasets.ClassLabel(names=["cat", "dog"])
    assert sorted((sample["label"], sample["label_name"]) for sample in loaded) == [(-1, ""), (0, "cat"), (1, "dog")]


def test_a_column_of_numbers_that_one_split_lacks(tmp_path: Path) -> None:
    trees = {"train": IMAGES, "val": {"b.jpg": IMAGES["p0.jpg"]}}
    loaded = load(make(tmp_path, trees, columns="key,age,rank\ntrain/p0,3,1\ntrain/p1,,2\ntrain/p2,5,3\nval/b,,4\n"))
    assert {split: loaded[split]["age"] for split in loaded} == {"train": ["3", "", "5"], "val": [""]}
    assert {split: loaded[split]["rank"] for split in loaded} == {"train": [1, 2, 3], "val": [4]}


@pytest.mark.parametrize(("layout", "kind"), [("files", str), ("webdataset", str), ("parquet", int)])
def test_numbers_above_int64_are_not_changed(tmp_path: Path, layout: str, kind: type) -> None:
    hashes = ["5", "12345678901234567890", "18446744073709551615"]
    lines = "".join(f"p{number},{value}\n" for number, value in enumerate(hashes))
    loaded = load(make(tmp_path, {"train": IMAGES}, "--layout", layout, columns=f"key,hash\n{lines}"))["train"]
    values = [(sample["json"] if layout == "webdataset" else sample)["hash"] for sample in loaded]
    assert sorted(values, key=int) == [kind(value) for value in hashes]


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet"])
def test_an_edited_card_loads_the_images_and_classes_of_a_later_run(tmp_path: Path, layout: str) -> None:
    labels = ("--label_from", "folder", "--layout", layout)
    out = make(tmp_path, {"train": {"cat/a.jpg": IMAGES["p0.jpg"], "dog/b.jpg": IMAGES["p1.jpg"]}}, *labels)
    (out / "README.md").write_text((out / "README.md").read_text().replace(GENERATED_MARK, "My text."))
    make(tmp_path, {"train": {"ant/c.png": image_bytes(Image.new("RGB", (40, 30)), "PNG")}}, *labels)
    loaded = load(out)["train"]
    label = "cls" if layout == "webdataset" else "label"
    assert loaded.features[label] == datasets.ClassLabel(names=["ant", "cat", "dog"])
    assert sorted(loaded[label]) == [0, 1, 2]
    assert "\nMy text.\n" in (out / "README.md").read_text()
    assert f"{sha256((out / 'README.md').read_bytes())}  README.md\n" in (out / "SHA256SUMS").read_text()


@pytest.mark.parametrize("columns", ["key,age\np5,7\n", "key,label\np5,7\n"])
def test_the_card_has_the_types_of_values_that_the_first_samples_lack(tmp_path: Path, columns: str) -> None:
    out = make(tmp_path, {"train": {f"p{n}.jpg": IMAGES["p0.jpg"] for n in range(6)}}, *WEBDATASET, columns=columns)
    name = columns[4:].partition("\n")[0]
    assert [sample["json"][name] for sample in load(out)["train"]] == [None] * 5 + [7]
    with pytest.raises(datasets.exceptions.DatasetGenerationError):  # publishing.md says so
        datasets.load_dataset("webdataset", data_dir=str(out), cache_dir=str(tmp_path / "types"))


@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_archives_accept_names_that_are_not_utf8(tmp_path: Path, layout: str) -> None:
    names = {os.fsdecode(name): IMAGES["p0.jpg"] for name in (b"a/caf\xe9.jpg", b"\xff/b.jpg", "a/é.jpg".encode())}
    loaded = load(make(tmp_path, {"train": names}, "--layout", layout, "--label_from", "folder"))["train"]
    samples = [sample["json"] if layout == "webdataset" else sample for sample in loaded]
    assert sorted((sample["source"], sample["key"], sample["label_name"]) for sample in samples) == [
        ("\\udcff/b.jpg", "\\udcff/b", "\\udcff"),
        ("a/caf\\udce9.jpg", "a/caf\\udce9", "a"),
        ("a/é.jpg", "a/é", "a"),
    ]


@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_no_archive_is_empty_if_a_stream_breaks_off(tmp_path: Path, layout: str) -> None:
    """With `data_dir=`, a loader learns what a sample is from the first archive."""
    data = gzip.compress(tar({f"{name}": image + os.urandom(5000) for name, image in IMAGES.items()}))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tar.gz").write_bytes(data[:-4000])
    process = run("-i", tmp_path / "in", "-o", tmp_path / "out", "-s", 32, "--layout", layout)
    assert process.returncode == 0, process.stderr
    loaded = datasets.load_dataset(layout, data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert len(loaded["train"]) == 2
    assert [row["error"] for row in rows(tmp_path / "out", "failures")] == ["truncated", "truncated"]


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet"])
def test_the_largest_size_that_has_images_is_the_default(tmp_path: Path, layout: str) -> None:
    source = write_tree(tmp_path / "train", IMAGES)
    sizes = ("-s", 128, 64, 32, "--max_pixels", 5000)
    process = run("-i", source, "-o", tmp_path / "out", *sizes, "-ext", "jpg", "--layout", layout)
    assert process.returncode == 0, process.stderr
    assert [row["error"] for row in rows(tmp_path / "out", "failures")] == ["output-too-large"] * 3
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["train"]
    image = "jpg" if layout == "webdataset" else "image"
    assert [sample[image].size for sample in loaded] == [(64, 48)] * 3


def test_a_split_named_all(tmp_path: Path) -> None:
    assert len(load(make(tmp_path, {"train": IMAGES}, "--split", "all"))["all_"]) == 3


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet"])
def test_a_split_without_images_is_left_out(tmp_path: Path, layout: str) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    out = make(tmp_path, {"val": {"b.jpg": b"no image"}, "train": IMAGES}, "-ext", "jpg", "--layout", layout)
    loaded = load(out)
    assert {name: len(split) for name, split in loaded.items()} == {"train": 3}
    described = mlcroissant.Dataset(str(out / "croissant.json"))
    assert [record_set.uuid for record_set in described.metadata.record_sets] == ["32-train"]
    assert 'load_dataset(os.getcwd(), "32", split="train")' in (out / "README.md").read_text()


def test_croissant_describes_columns_with_any_name(tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    names = ["a b", "a_b", "a\u00a0b", "..", "x/./y", "é"]
    cells = [f"{name} of p{number}" for number in range(3) for name in names]
    lines = [",".join([f"p{number}", *cells[number * 6 : number * 6 + 6]]) for number in range(3)]
    text = "\n".join([",".join(["key", *names]), *lines])
    out = make(tmp_path, {"train": IMAGES}, "--layout", "parquet", columns=text)
    described = mlcroissant.Dataset(str(out / "croissant.json"))
    found = {value for record in described.records("32-train") for value in record.values() if isinstance(value, bytes)}
    assert {cell.encode() for cell in cells} <= found
    fields = described.metadata.record_sets[0].fields
    columns = {field.uuid: field.source.extract.column for field in fields}
    identifiers = ["a_b", "a_b_", "a_b__", "__", "x___y", "é"]
    assert [columns[f"32-train/{name}"] for name in identifiers] == sorted(names[:3]) + names[3:]


def test_avif_has_a_loader_in_archives_only(tmp_path: Path) -> None:
    card = (make(tmp_path / "f", {"train": IMAGES}, "-ext", "avif") / "README.md").read_text()
    assert "load_dataset(" not in card
    head = yaml.safe_load(card.split("---\n")[1])
    assert head.keys() == {"pretty_name", "size_categories", "viewer", "configs"}
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": ["**/*.avif"]}]
    assert len(load(make(tmp_path / "w", {"train": IMAGES}, "-ext", "avif", "--layout", "webdataset"))["train"]) == 3


@pytest.mark.parametrize("name", ["out [1]", "a::b"])
def test_datasets_does_not_read_some_paths_literally(tmp_path: Path, name: str) -> None:
    """docs/publishing.md says so."""
    source = write_tree(tmp_path / "train", IMAGES)
    assert run("-i", source, "-o", tmp_path / name, "-s", 32, "-ext", "jpg").returncode == 0
    with pytest.raises(FileNotFoundError):
        datasets.load_dataset(str(tmp_path / name), cache_dir=str(tmp_path / "cache"))


def test_datasets_loads_other_folders_by_a_path_with_a_star(tmp_path: Path) -> None:
    """docs/publishing.md says so."""
    for name, images in ("a*", {"a.jpg": IMAGES["p0.jpg"]}), ("ab", IMAGES):
        source = write_tree(tmp_path / "in" / name / "train", images)
        assert run("-i", source, "-o", tmp_path / "out" / name, "-s", 32, "-ext", "jpg").returncode == 0
    with pytest.raises(datasets.exceptions.NonMatchingSplitsSizesError):
        datasets.load_dataset(str(tmp_path / "out" / "a*"), cache_dir=str(tmp_path / "cache"))
