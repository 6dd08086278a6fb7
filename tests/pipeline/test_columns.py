"""Labels, columns and attribution in a dataset that the command creates."""

import csv
import io
import json
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.pipeline.conftest import Make
from tests.support import ROOT, Row, jpeg, rows, snapshot, summary, write_tree
from tests.support.memory import peak_memory
from tests.support.state import markers
from tests.transforms.layouts.examples import examples

pytestmark = pytest.mark.slow

LAYOUTS = ("files", "webdataset", "parquet", "tfrecord")


def table(path: Path, *lines: Sequence[object]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return path


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ["cat/a.jpg", "cat/b.jpg", "dog/c.jpg", "dog/old/d.jpg", "e.jpg", "dog/bad.jpg"]
    files = {name: jpeg(seed, (60, 40)) for seed, name in enumerate(names)}
    return write_tree(tmp_path_factory.mktemp("in") / "animals", {**files, "dog/bad.jpg": b"no image"})


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    return table(
        tmp_path / "captions.csv",
        ["key", "caption", "score"],
        ["cat/a", 'a "cat"\nsits', 1],
        ["dog/c", "", 0.5],
        ["cat/a", "again", 7],
        ["dog/bad", "bad", 3],
        ["bird/x", "none", 4],
    )


# key -> caption, score, label, label_name
EXPECTED = {
    "cat/a": ('a "cat"\nsits', 1.0, 0, "cat"),
    "cat/b": (None, None, 0, "cat"),
    "dog/c": (None, 0.5, 1, "dog"),
    "dog/old/d": (None, None, 2, "old"),
    "e": (None, None, None, None),
}
COLUMNS = ("caption", "score", "label", "label_name")


def samples_of_files(out: Path) -> dict[str, Row]:
    lines = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    return {line.pop("file_name").removesuffix(".jpg"): line for line in lines}


def samples_of_webdataset(out: Path) -> dict[str, Row]:
    samples = {}
    for path in sorted(out.glob("*.tar")):
        with tarfile.open(path) as tar:
            members = {member.name: tar.extractfile(member) for member in tar.getmembers()}
            files = {name: file.read() for name, file in members.items() if file}
        for name in [name for name in files if name.endswith(".json")]:
            sample = json.loads(files[name])
            label = files.get(name.replace(".json", ".cls"))
            assert label == (None if sample["label"] is None else str(sample["label"]).encode())
            samples[sample["key"]] = {column: sample[column] for column in COLUMNS}
    return samples


def samples_of_parquet(out: Path) -> dict[str, Row]:
    samples = {}
    for path in sorted(out.glob("*.parquet")):
        samples.update({row["key"]: {name: row[name] for name in COLUMNS} for row in pq.read_table(path).to_pylist()})
        features = json.loads(pq.read_schema(path).metadata[b"huggingface"])["info"]["features"]
        assert features["label"] == {"names": ["cat", "dog", "old"], "_type": "ClassLabel"}
        assert features["score"] == {"dtype": "float64", "_type": "Value"}
    return samples


def samples_of_tfrecord(out: Path) -> dict[str, Row]:
    keys = ("manifest/caption", "manifest/score", "image/class/label", "image/class/text")
    samples = {}
    for path in sorted(out.glob("*.tfrecord")):
        for example in examples(path.read_bytes()):
            values = [example[key][0] if key in example else None for key in keys]
            texts = [value.decode() if isinstance(value, bytes) else value for value in values]
            samples[example["manifest/key"][0].decode()] = dict(zip(COLUMNS, texts, strict=True))
    return samples


SAMPLES_OF = {
    "files": samples_of_files,
    "webdataset": samples_of_webdataset,
    "parquet": samples_of_parquet,
    "tfrecord": samples_of_tfrecord,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_has_labels_and_columns(
    make: Make, animals: Path, captions: Path, tmp_path: Path, layout: str
) -> None:
    out = tmp_path / "out"
    args = ["-i", animals, "-o", out, "-s", 16, "--layout", layout, "--images_per_shard", 2, "--label_from", "folder"]
    make(*args, "--columns", captions)
    full = {key: dict(zip(COLUMNS, values, strict=True)) for key, values in EXPECTED.items()}
    manifest = {row["key"]: row for row in rows(out, "manifest")}
    assert {key: {name: manifest[key][name] for name in COLUMNS} for key in full} == full
    assert manifest["dog/bad"]["caption"] == "bad"
    if layout == "files":
        for row in full.values():
            row["score"] = None if row["score"] is None else str(row["score"])
            row.update({name: -1 if name == "label" else "" for name, value in row.items() if value is None})
    assert SAMPLES_OF[layout](out) == full


def test_rows_and_images_without_a_match_are_counted_and_listed(
    make: Make, animals: Path, captions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shown = make("-i", animals, "-o", out, "-s", 16, "--columns", captions)
    assert sorted(map(tuple, (row.values() for row in rows(out, "unmatched")))) == [
        ("columns", "bird/x", 5, "no-image"),
        ("columns", "cat/a", 3, "repeated"),
        ("columns", "cat/b", None, "no-row"),
        ("columns", "dog/old/d", None, "no-row"),
        ("columns", "e", None, "no-row"),
    ]
    assert summary(out)["tables"] == {
        "columns": {
            "rows": 5,
            "rows_without_image": 1,
            "rows_repeated": 1,
            "images_with_row": 3,
            "images_without_row": 3,
        }
    }
    assert "--columns: images with a row: 3, without: 3; rows: 5, without an image: 1, with a repeated key: 1" in shown


def test_a_changed_table_makes_only_the_shards_of_its_changed_rows_again(
    make: Make, animals: Path, tmp_path: Path
) -> None:
    out, path = tmp_path / "out", tmp_path / "c.csv"
    args = ["-i", animals, "-s", 16, "--images_per_shard", 1, "--columns", path]
    lines: list[list[object]] = [["ImageID", "x"], ["cat/a", 1], ["dog/c", 2]]
    table(path, *lines)
    make(*args, "-o", out)
    before = markers(out)
    table(path, *lines[:2], ["dog/c", 3])
    make(*args, "-o", out)
    after = markers(out)
    assert len([name for name in before if before[name] != after[name]]) == 1
    table(path, *lines[:2], ["dog/c", 3.5])  # the column gets another type, in every sample
    make(*args, "-o", out)
    assert not set(after.items()) & set(markers(out).items())
    make(*args, "-o", tmp_path / "fresh")
    assert snapshot(out) == snapshot(tmp_path / "fresh")


def test_rows_name_their_split_by_key_or_column(make: Make, animals: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = table(
        tmp_path / "a.csv",
        ["ImageID", "Subset", "License", "Author"],
        ["a", "cat", "https://creativecommons.org/licenses/by/2.0/", "Ann"],
        ["dog/c", "", "https://creativecommons.org/licenses/by/2.0/", "Bo"],
        ["b", "", "x", "unplaced"],
    )
    make("-i", animals / "cat", animals / "dog", "-o", out, "-s", 16, "--attribution", path)
    attribution = {row["key"]: row for row in rows(out, "attribution")}
    assert {key: row["Author"] for key, row in attribution.items()} == {"cat/a": "Ann", "dog/c": "Bo"}
    assert list(attribution["cat/a"]) == [
        *("key", "OriginalURL", "OriginalLandingURL", "License", "AuthorProfileURL", "Author", "Title"),
    ]
    assert ("attribution", "b", 3, "no-image") in set(map(tuple, (row.values() for row in rows(out, "unmatched"))))
    assert summary(out)["licenses"] == {"https://creativecommons.org/licenses/by/2.0/": 2}
    assert (out / "LICENSE").read_text().splitlines() == [
        "The images of this dataset (cat, dog) belong to their creators.",
        "They are smaller versions: resized, turned upright and re-encoded. Nothing else was changed.",
        "attribution-*.jsonl has the author, origin and license of each image.",
        "",
        "Licenses according to the attribution, with the number of images under each:",
        "",
        "  https://creativecommons.org/licenses/by/2.0/: 2",
        "  (no attribution, see unmatched-*.jsonl): 2",  # without bad.jpg, which is not in the dataset
    ]
    sentence = "`LICENSE` counts the licenses. Images without an attribution, which `unmatched-*.jsonl` lists: 2."
    assert sentence in (out / "README.md").read_text()


@pytest.mark.parametrize("layout", ["files", "webdataset"])
def test_sha256sum_accepts_the_checksums(make: Make, tmp_path: Path, layout: str) -> None:
    out = tmp_path / "out"
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (30, 20)), "new\nline\\.jpg": jpeg(1, (30, 20))})
    make("-i", source, "-o", out, "-s", 16, 8, "--layout", layout)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=out, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(snapshot(out)) - 1
    assert summary(out)["duplicates"] == 1


def test_a_table_without_keys_is_refused_before_anything_is_written(make: Make, animals: Path, tmp_path: Path) -> None:
    path = table(tmp_path / "c.csv", ["name"], ["a"])
    shown = make("-i", animals, "-o", tmp_path / "out", "--columns", path, expect=2)
    assert shown == [
        f"image_resizer: --columns {str(path)!r} has no column with the images' keys: name it 'key' or 'ImageID' or "
        "'image_id' or 'file_name'"
    ]
    assert not (tmp_path / "out").exists()


def test_a_dataset_is_continued_only_with_its_table(make: Make, animals: Path, captions: Path, tmp_path: Path) -> None:
    args = ("-i", animals, "-o", tmp_path / "out", "-s", 16)
    make(*args, "--columns", captions)
    (shown,) = make(*args, expect=2)
    assert shown == (
        f"image_resizer: {str(tmp_path / 'out')!r} holds a dataset made with --columns, but this run is without "
        "--columns: use the same settings, use another -o, or start over with --overwrite"
    )


def test_a_quarter_of_a_million_rows_takes_bounded_memory(animals: Path, tmp_path: Path) -> None:
    """A row takes about 0.8 KB: rows are grouped as bytes, and never kept as Python objects."""
    count = 250_000
    path = tmp_path / "c.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("key,label,caption\n")
        file.writelines(f"cat/{number:x},class{number % 100},photograph number {number}\n" for number in range(count))
    command: list[str | Path] = [sys.executable, "image_resizer.py", "-i", animals, "-o", tmp_path / "out"]
    command += ["-s", "16", "--columns", path]
    most = 0
    with subprocess.Popen([*command, "--images_per_shard", "1"], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, peak_memory(process.pid))
            time.sleep(0.02)
    assert process.returncode == 0
    counts = summary(tmp_path / "out")["tables"]["columns"]
    assert (counts["rows"], counts["rows_without_image"], counts["images_with_row"]) == (count, count - 2, 2)
    assert 50e6 < most < 122e6 + 1_300 * count  # a run without rows takes 122 MB
    lines = sum(1 for _ in io.BytesIO((tmp_path / "out" / "unmatched-00000-of-00001.jsonl").read_bytes()))
    assert lines == count - 2 + 4
