"""Cells and keys of tables in a dataset that the command creates, in every layout."""

import csv
import datetime
import json
import shutil
import tarfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, snapshot, summary, write_tree
from tests.support.state import state_of
from tests.transforms.layouts.examples import examples

pytestmark = pytest.mark.slow

LAYOUTS = ("files", "webdataset", "parquet", "tfrecord")

Read = Callable[[Path], dict[str, dict[str, Any]]]


def read_manifest(out: Path) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in rows(out, "manifest")}


def read_files(out: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for path in out.rglob("metadata.jsonl") for line in path.read_text().splitlines()]
    return {line["file_name"].removesuffix(".jpg"): line for line in lines}


def read_webdataset(out: Path) -> dict[str, dict[str, Any]]:
    read = {}
    for path in out.glob("*.tar"):
        with tarfile.open(path) as tar:
            for member in tar:
                if member.name.endswith(".json") and (file := tar.extractfile(member)):
                    sample = json.load(file)
                    read[sample["key"]] = sample
    return read


def read_parquet(out: Path) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for path in out.glob("*.parquet") for row in pq.read_table(path).to_pylist()}


def read_tfrecord(out: Path) -> dict[str, dict[str, Any]]:
    read = {}
    for path in out.glob("*.tfrecord"):
        for example in examples(path.read_bytes()):
            named = {name.removeprefix("manifest/"): value[0] for name, value in example.items() if len(value) == 1}
            texts = {
                name: v.decode() if isinstance(v, bytes) and name[:6] != "image/" else v for name, v in named.items()
            }
            read[texts["key"]] = texts
    return read


READ: dict[str, Read] = {
    "files": read_files,
    "webdataset": read_webdataset,
    "parquet": read_parquet,
    "tfrecord": read_tfrecord,
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("values") / "in", {f"{name}.jpg": jpeg(5, (40, 30)) for name in "ab"})


# Column -> the cells of images a and b as text, their type in Parquet, and their values in the manifest.
NUMBERS: dict[str, tuple[tuple[str, str], Any, tuple[Any, Any]]] = {
    "hash": (("12345678901234567890", "18446744073709551615"), pa.uint64(), (12345678901234567890, 2**64 - 1)),
    "huge": (("21602730330000060100100000358582", "5"), None, ("21602730330000060100100000358582", "5")),
    "both": (("-1", "18446744073709551615"), None, ("-1", "18446744073709551615")),
    "mixed": (("18446744073709551615", "0.5"), None, ("18446744073709551615", "0.5")),
    "long": (("9223372036854775807", "-9223372036854775808"), pa.int64(), (2**63 - 1, -(2**63))),
    "score": (("0.1", "0.30000000000000004"), pa.float64(), (0.1, 0.30000000000000004)),
    "wide": (("1e+300", "1234567890.5"), pa.float64(), (1e300, 1234567890.5)),
}


def write_numbers(path: Path) -> Path:
    lines = [
        ("key", *NUMBERS),
        *((key, *(cells[at] for cells, _, _ in NUMBERS.values())) for at, key in enumerate("ab")),
    ]
    if path.suffix == ".parquet":
        made = {
            name: pa.array([json.loads(cell) for cell in cells], kind) if kind else list(cells)
            for name, (cells, kind, _) in NUMBERS.items()
        }
        pq.write_table(pa.table({"key": ["a", "b"], **made}), path)
    elif path.suffix == ".jsonl":
        named = [
            ", ".join(f'"{name}": {cell}' for name, cell in zip(lines[0][1:], line[1:], strict=True))
            for line in lines[1:]
        ]
        path.write_text("".join(f'{{"key": "{key}", {cells}}}\n' for key, cells in zip("ab", named, strict=True)))
    else:
        with path.open("w", newline="") as file:
            csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(lines)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("extension", ["csv", "tsv", "jsonl", "parquet"])
def test_no_number_is_changed(make: Make, images: Path, tmp_path: Path, extension: str, layout: str) -> None:
    path, out = write_numbers(tmp_path / f"n.{extension}"), tmp_path / "out"
    make("-i", images, "-o", out, "-s", 16, "--columns", path, "--layout", layout)
    expected = {name: values for name, (_, _, values) in NUMBERS.items()}
    if layout == "tfrecord":  # its floats have only 32 bits
        written = ("1e+300", "1234567890.5")
        expected["wide"] = written
    read = read_manifest(out)
    assert {name: (read["a"][name], read["b"][name]) for name in NUMBERS} == expected
    if layout != "parquet":  # readers of the other layouts do not support uint64
        expected["hash"] = NUMBERS["hash"][0]
    sample = READ[layout](out)
    if layout == "tfrecord":
        first, second = expected["score"]
        expected["score"] = pytest.approx(first, rel=1e-7), pytest.approx(second, rel=1e-7)
    assert {name: (sample["a"][name], sample["b"][name]) for name in NUMBERS} == expected
    if layout == "parquet":
        (archive,) = out.glob("*.parquet")
        assert pq.read_schema(archive).field("hash").type == pa.uint64()
        features = json.loads(pq.read_schema(archive).metadata[b"huggingface"])["info"]["features"]
        assert features["hash"] == {"dtype": "uint64", "_type": "Value"}


def test_a_label_beyond_int64_is_the_name_of_a_class(make: Make, images: Path, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("key,label\na,18446744073709551615\nb,7\n")
    make("-i", images, "-o", tmp_path / "out", "-s", 16, "--columns", tmp_path / "c.csv")
    read = read_manifest(tmp_path / "out")
    assert [(read[key]["label"], read[key]["label_name"]) for key in "ab"] == [(0, "18446744073709551615"), (1, "7")]


def test_numbers_with_too_many_digits_are_reported(make: Make, images: Path, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("key,x,y\na,0.33333333333333333333,0.5\nb,1.5,text 0.33333333333333333333\n")
    shown = make("-i", images, "-o", tmp_path / "out", "-s", 16, "--columns", tmp_path / "c.csv")
    path = str(tmp_path / "c.csv")
    warned = [line for line in shown if "digits" in line]
    assert warned == [f"--columns {path!r}: rounded 1 number in column 'x', because a float64 cannot hold all digits"]
    assert [read_manifest(tmp_path / "out")[key]["x"] for key in "ab"] == [1 / 3, 1.5]


WHEN = datetime.datetime(2026, 1, 31, 12, 0, 0, 120_000, tzinfo=datetime.UTC)
BOX = [("x", pa.float64()), ("t", pa.date32()), ("n", pa.uint64()), ("d", pa.binary())]
TYPED: dict[str, tuple[Any, str]] = {
    "date": (pa.array([WHEN.date()] * 2), "2026-01-31"),
    "when": (pa.array([WHEN.replace(tzinfo=None)] * 2, pa.timestamp("ms")), "2026-01-31T12:00:00.120"),
    "nano": (pa.array([1_769_860_800_000_000_001] * 2, pa.timestamp("ns", "UTC")), "2026-01-31T12:00:00.000000001Z"),
    "time": (pa.array([WHEN.time()] * 2), "12:00:00.120000"),
    "took": (pa.array([1500] * 2, pa.duration("ms")), "PT1.500S"),
    "price": (pa.array([Decimal("1.10")] * 2), "1.10"),
    "data": (pa.array([b"\xff"] * 2), "/w=="),
    "kind": (pa.array(["x"] * 2).dictionary_encode(), "x"),
    "boxes": (
        pa.array([[{"x": 1.5, "t": WHEN.date(), "n": 2**63, "d": b"a"}]] * 2, pa.list_(pa.struct(BOX))),
        '[{"x": 1.5, "t": "2026-01-31", "n": 9223372036854775808, "d": "YQ=="}]',
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_cells_of_every_type_become_text(make: Make, images: Path, tmp_path: Path, layout: str) -> None:
    out = tmp_path / "out"
    pq.write_table(
        pa.table({"key": ["a", "b"], **{name: cells for name, (cells, _) in TYPED.items()}}), tmp_path / "t.parquet"
    )
    make("-i", images, "-o", out, "-s", 16, "--columns", tmp_path / "t.parquet", "--layout", layout)
    expected = {name: text for name, (_, text) in TYPED.items()}
    for read in (read_manifest(out), READ[layout](out)):
        assert [{name: read[key][name] for name in TYPED} for key in "ab"] == [expected] * 2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_index_without_a_name_is_left_out(make: Make, images: Path, tmp_path: Path, layout: str) -> None:
    path, out = tmp_path / "c.csv", tmp_path / "out"
    path.write_text(",ImageID,caption\n0,a,hello\n1,b,x\n")
    shown = make("-i", images, "-o", out, "-s", 16, "--columns", path, "--layout", layout)
    assert (
        f"--columns {str(path)!r} has a column '', which pandas uses for an index: it is left out; rename it to keep it"
        in shown
    )
    assert list(read_manifest(out)["a"])[-2:] == ["notes", "caption"]
    assert {key: sample["caption"] for key, sample in READ[layout](out).items()} == {"a": "hello", "b": "x"}
    assert not any("" in sample for sample in READ[layout](out).values())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keys_are_found_in_every_notation(make: Make, tmp_path: Path, layout: str) -> None:
    names = ["a", "b", "x/c", "x/d", "x/e", "in/f", "back\\slash"]
    source = write_tree(tmp_path / "in", {f"{name}.jpg": jpeg(3, (40, 30)) for name in names})
    (tmp_path / "link").symlink_to(source)
    written = ["./a.jpg", "in/b.jpg", "x\\c.jpg", f"{tmp_path}/link/x/d.jpg", f"file://{source}/x/e.jpg", "in/f.jpg"]
    with (tmp_path / "c.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file_name", "text"), *((key, key) for key in [*written, "back\\slash.jpg"])])
    out = tmp_path / "out"
    args = ["-o", out, "-s", 16, "--columns", tmp_path / "c.csv", "--layout", layout, "--images_per_shard", 1]
    make("-i", tmp_path / "link", *args, "--split", "in")
    expected = dict(zip(names, [*written, "back\\slash.jpg"], strict=True))
    assert {key: row["text"] for key, row in READ[layout](out).items()} == expected
    assert rows(out, "unmatched") == []
    counts = summary(out)["tables"]["columns"]
    assert (counts["rows"], counts["images_with_row"], counts["images_without_row"]) == (7, 7, 0)


@pytest.mark.parametrize("extra", [(), ("--sample", "1/1000000")])
def test_a_table_without_a_row_for_any_image_ends_the_run_first(
    make: Make, images: Path, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    out, path = tmp_path / "out", tmp_path / "c.csv"
    args = ("-i", images, "-o", out, "-s", 16, *extra)
    path.write_text("key,x\nfoo/b,2\nfoo/a,1\n")
    shown = make(*args, "--columns", path, expect=1)
    assert shown == [
        f"--columns {str(path)!r} has no row for any image: its keys look like 'foo/a', 'foo/b', the images' keys like "
        "'a', 'b'; use each image's path below the input without its extension, and run the command again (nothing "
        "was written)"
    ]
    left = {path.relative_to(out).parts[:2] for path in out.rglob("*") if path.is_file()}
    assert {name[:8] for _, name in left} == {"history-", "listed.j"}
    shutil.copytree(out, tmp_path / "other")
    path.write_text("key,x\na,1\nfoo/b,2\n")
    make(*args, "--columns", path)
    make("-i", images, "-o", tmp_path / "fresh", "-s", 16, *extra, "--columns", path)
    assert snapshot(out) == snapshot(tmp_path / "fresh")
    make("-i", images, "-o", tmp_path / "other", "-s", 24)  # without the table, and with another size
    assert len(read_manifest(tmp_path / "other")) == 2


def test_a_table_that_no_longer_matches_leaves_the_dataset_as_it_is(make: Make, images: Path, tmp_path: Path) -> None:
    out, path, licenses = tmp_path / "out", tmp_path / "c.csv", tmp_path / "a.csv"
    args = ("-i", images, "-o", out, "-s", 16, "--columns", path, "--attribution", licenses)
    path.write_text("key,x\na,1\n")
    licenses.write_text("ImageID,License\nb,by\n")
    make(*args)
    before, plan = snapshot(out), (state_of(out) / "config.json").read_bytes()
    licenses.write_text("ImageID,License\nz,by\n")
    path.write_text("key,y\na,text\n")
    (shown,) = [line for line in make(*args, expect=1) if "no row" in line]
    assert shown.startswith(f"--attribution {str(licenses)!r} has no row for any image: its keys look like 'z'")
    assert (snapshot(out), (state_of(out) / "config.json").read_bytes()) == (before, plan)
    path.write_text("key,x\na,1\n")
    licenses.write_text("ImageID,License\nb,by\n")
    make(*args)
    assert snapshot(out) == before
