import io
import json
import os
import subprocess
import sys
import tarfile

import pytest

from tests.support import ROOT
from tests.transforms.layouts.outputs import SAMPLE, SHARD, output
from transforms.imaging.errors import Kind
from transforms.layouts import LAYOUTS
from transforms.layouts.webdataset import sample_json
from transforms.model.records import NO_COLUMNS, Columns, StoredFile

ARCHIVES = [name for name in LAYOUTS if name != "files"]


def test_files() -> None:
    images = [output("files", "a/b", size, bytes([size]), f"{size}/") for size in (64, 32)]
    packed = list(LAYOUTS["files"].pack(SHARD, ["64/", "32/"], images, NO_COLUMNS))
    assert packed == [StoredFile("64/a/b.jpg", b"@", "bb"), StoredFile("32/a/b.jpg", b" ", "bb")]


def test_the_record_of_a_sample_is_utf8_that_every_reader_accepts() -> None:
    r"""Each byte that is not UTF-8 becomes the text \udcXX, as in Parquet and TFRecord. Nothing else changes."""
    name = os.fsdecode(b"caf\xe9/\xd0\xba")
    row = output("webdataset", name, 64, b"1").row
    row = row._replace(columns={"author": name, "other": "\U0001f600\\udce9", "number": 5})
    columns = Columns({"author": "string", "other": "string", "number": "int64"})
    record = json.loads(sample_json(row, columns))
    assert (record["key"], record["source"]) == ("caf\\udce9/к", "caf\\udce9/к.jpeg")
    assert (record["author"], record["other"], record["number"]) == ("caf\\udce9/к", "\U0001f600\\udce9", 5)


def test_webdataset() -> None:
    images = [output("webdataset", key, 64, key.encode(), "64/") for key in ("b", "a.x", "a/z")]
    images.append(output("webdataset", "b", 32, b"small", "32/"))
    large, small = LAYOUTS["webdataset"].pack(SHARD, ["64/", "32/"], images, NO_COLUMNS)
    assert large.path == "64/train-00012-of-01743.tar"
    assert small.path == "32/train-00012-of-01743.tar"
    with tarfile.open(fileobj=io.BytesIO(large.data)) as tar:
        members = tar.getmembers()
        assert [member.name for member in members] == [
            *("a%2Ex.jpg", "a%2Ex.json", "a/z.jpg", "a/z.json", "b.jpg", "b.json")
        ]
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode, m.type) for m in members} == {
            (0, 0, 0, "", "", 0o644, tarfile.REGTYPE)
        }
        sample = tar.extractfile("a%2Ex.json")
        assert sample is not None
        assert json.load(sample) == SAMPLE


@pytest.mark.parametrize("layout", ARCHIVES)
def test_an_archive_does_not_depend_on_the_order_of_images(layout: str) -> None:
    images = [output(layout, key, 64, key.encode()) for key in ("a", "b")]
    pack = LAYOUTS[layout].pack
    assert list(pack(SHARD, [""], images, NO_COLUMNS)) == list(pack(SHARD, [""], images[::-1], NO_COLUMNS))


@pytest.mark.parametrize("layout", ARCHIVES)
def test_another_process_makes_the_same_archive(layout: str) -> None:
    code = (
        "from tests.transforms.layouts.outputs import SHARD, output; from transforms.layouts import LAYOUTS\n"
        "from transforms.model.records import NO_COLUMNS\n"
        f"images = [output({layout!r}, str(number), 64, bytes([number]) * 999) for number in range(120)]\n"
        f"for file in LAYOUTS[{layout!r}].pack(SHARD, ['', 'x/'], images, NO_COLUMNS): print(file.path, file.sha256)"
    )
    printed = set()
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        command = [sys.executable, "-c", code]
        process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
        printed.add(process.stdout)
    (lines,) = printed
    assert len(lines.splitlines()) == 2


def test_an_empty_shard_is_an_empty_archive() -> None:
    (empty,) = LAYOUTS["webdataset"].pack(SHARD, [""], [], NO_COLUMNS)
    with tarfile.open(fileobj=io.BytesIO(empty.data)) as tar:
        assert tar.getmembers() == []


def test_long_and_foreign_names_survive() -> None:
    key = "ключ/" + "x" * 300
    (packed,) = LAYOUTS["webdataset"].pack(SHARD, [""], [output("webdataset", key, 64, b"1", "")], NO_COLUMNS)
    with tarfile.open(fileobj=io.BytesIO(packed.data)) as tar:
        assert tar.getnames() == [f"{key}.jpg", f"{key}.json"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/b.jpg", None),
        ("a/../../b.jpg", Kind.NAME_UNUSABLE),
        ("/b.jpg", Kind.NAME_UNUSABLE),
        ("a/./b.jpg", Kind.NAME_UNUSABLE),
        ("é" * 125 + "x.jpg", None),
        ("é" * 126 + ".jpg", Kind.NAME_TOO_LONG),
    ],
)
def test_names_that_cannot_be_a_file_below_out(path: str, kind: Kind | None) -> None:
    problem = LAYOUTS["files"].problem_of(path)
    assert (problem and problem[0]) == kind
    assert [LAYOUTS[layout].problem_of(path) for layout in ARCHIVES] == [None] * len(ARCHIVES)
