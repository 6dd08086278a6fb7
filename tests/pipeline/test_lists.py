"""Test lists of images and web addresses on the local runner."""

import base64
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipeline.conftest import Make
from tests.support import ROOT, Row, jpeg, rows, snapshot, summary, write_tree
from tests.support.state import markers
from tests.support.web import Web, running_web
from transforms.dataset import state
from transforms.model.records import RUN_DIR

pytestmark = pytest.mark.slow

HERE = "--allow_private_hosts"


@pytest.fixture(scope="module")
def running(photos: Path) -> Iterator[Web]:
    with running_web(photos) as server:
        yield server


@pytest.fixture
def web(running: Web, monkeypatch: pytest.MonkeyPatch) -> Web:
    running.requests.clear()
    running.most_at_once = 0
    monkeypatch.setattr("transforms.web.client.BACK_OFF", (0.0, 0.0))
    return running


def names_of(photos: Path) -> list[str]:
    return sorted(str(path.relative_to(photos)) for path in photos.rglob("*.jpg"))


def write_list(folder: Path, name: str, cells: list[Row]) -> Path:
    """Write a list with these rows, in the format of its extension."""
    path = folder / name
    kind = name.lower().removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(cells), path)
        return path
    lines = [json.dumps(row) for row in cells]
    if kind == "txt":
        lines = [row["url"] for row in cells]
    elif kind in ("csv", "tsv"):
        separator = "," if kind == "csv" else "\t"
        lines = [separator.join(cells[0]), *(separator.join(map(str, row.values())) for row in cells)]
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def outputs(out: Path) -> dict[str, tuple[str, str]]:
    """Return name of image -> (SHA-256 of the source, SHA-256 of the output)."""
    return {
        row["source"].rpartition("/")[2].partition(".")[0]: (row["source_sha256"], row["sha256"])
        for row in rows(out, "manifest")
    }


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet", "tfrecord"])
@pytest.mark.parametrize("name", ["a.txt", "a.csv.gz"])
def test_a_list_of_urls_gives_the_images_of_a_folder(
    make: Make, photos: Path, web: Web, tmp_path: Path, layout: str, name: str
) -> None:
    listed = write_list(tmp_path, name, [{"url": f"{web.url}/{path}"} for path in names_of(photos)])
    flags = ("-s", 24, "--layout", layout, "--images_per_shard", 2)
    make("-i", listed, "-o", tmp_path / "web", *flags, HERE)
    make("-i", photos, "-o", tmp_path / "folder", *flags)
    assert outputs(tmp_path / "web") == outputs(tmp_path / "folder")
    host = web.url.removeprefix("http://").replace(":", "_")
    keys = [row["key"] for row in rows(tmp_path / "web", "manifest")]
    assert sorted(keys) == sorted(f"{host}/{path.removesuffix('.jpg')}" for path in names_of(photos))
    assert set(web.requests.values()) == {1}
    shown = make("-i", listed, "-o", tmp_path / "web", *flags, HERE)
    assert "nothing to do: all 9 images were already committed, and none was read" in shown
    assert set(web.requests.values()) == {1}


@pytest.mark.parametrize("name", ["a.tsv", "a.jsonl", "a.jsonl.gz", "a.parquet", "a.txt.gz", "A.CSV"])
def test_each_kind_of_list_and_of_path(make: Make, photos: Path, web: Web, tmp_path: Path, name: str) -> None:
    paths = names_of(photos)
    named = [f"{web.url}/{paths[0]}", str(photos / paths[1]), os.path.relpath(photos / paths[2], tmp_path)]
    listed = write_list(tmp_path, name, [{"url": path, "caption": f"no {i}"} for i, path in enumerate(named)])
    make("-i", listed, "-o", tmp_path / "out", "-s", 24, HERE)
    made = rows(tmp_path / "out", "manifest")
    assert [row["status"] for row in made] == ["written"] * 3
    below = str(photos).lstrip("/")
    assert {row["source"] for row in made} == {
        f"{web.url.removeprefix('http://').replace(':', '_')}/{paths[0]}",
        f"{below}/{paths[1]}",
        f"{below}/{paths[2]}",
    }
    if not name.startswith("a.txt"):
        assert {row["url"]: row["caption"] for row in made} == {path: f"no {i}" for i, path in enumerate(named)}


def test_columns_keys_and_hashes(make: Make, photos: Path, web: Web, tmp_path: Path) -> None:
    cells: list[Row] = []
    for number, path in enumerate(names_of(photos)):
        digest = hashlib.md5((photos / path).read_bytes()).digest()
        md5 = base64.b64encode(digest).decode() if number % 2 else digest.hex()
        cells.append(
            {
                "OriginalURL": f"{web.url}/{path}",
                "ImageID": f"id{number}",
                "OriginalMD5": md5,
                "label": f"c{number % 2}",
            }
            | {"width": 7, "score": number / 2}
        )
    cells[3]["OriginalMD5"] = "0" * 32
    cells[4]["OriginalMD5"] = "none"
    listed = write_list(tmp_path, "list.csv", cells)
    (tmp_path / "more.csv").write_text("key,caption\nid0,first\nid8,last\n")
    flags = ("-i", listed, "-o", tmp_path / "out", "-s", 24, HERE, "--key_column", "ImageID", "--verify_hash")
    shown = make(*flags, "OriginalMD5", "--columns", tmp_path / "more.csv", "--layout", "parquet")
    assert (
        f"-i {str(listed)!r}: these columns are left out because the dataset uses their names: 'width'; rename them to "
        "keep them"
    ) in shown
    by_key = {row["key"]: row for row in rows(tmp_path / "out", "manifest")}
    assert sorted(by_key) == [f"id{number}" for number in range(9)]
    assert (by_key["id0"]["caption"], by_key["id0"]["label"], by_key["id0"]["label_name"]) == ("first", 0, "c0")
    assert (by_key["id7"]["caption"], by_key["id7"]["label_name"], by_key["id7"]["score"]) == (None, "c1", 3.5)
    failures = {row["key"]: (row["error"], row["message"]) for row in rows(tmp_path / "out", "failures")}
    md5 = hashlib.md5((photos / names_of(photos)[3]).read_bytes()).hexdigest()
    assert failures == {
        "id3": ("hash-differs", f"its MD5 is {md5}, but the list says {'0' * 32}"),
        "id4": (
            "refused",
            "row 5 of 'list.csv': 'none' in column 'OriginalMD5' is not an MD5, SHA-1, SHA-256 or SHA-512 hash",
        ),
    }
    table = pa.concat_tables(pq.read_table(path) for path in sorted((tmp_path / "out").glob("*.parquet")))
    assert sorted(table.column("score").to_pylist()) == [0.0, 0.5, 1.0, 2.5, 3.0, 3.5, 4.0]


def test_the_locations_of_a_list_are_not_the_names_of_the_outputs(make: Make, photos: Path, tmp_path: Path) -> None:
    cells: list[Row] = [{"file_name": str(photos / path), "objects": "car"} for path in ("p000.jpg", "p001.jpg")]
    listed = write_list(tmp_path, "list.csv", cells)
    shown = make("-i", listed, "-o", tmp_path / "out", "-s", 24, "-ext", "webp")
    assert (
        f"-i {str(listed)!r}: these columns are left out because the dataset uses their names: 'file_name', 'objects'; "
        "rename them to keep them"
    ) in shown
    lines = [json.loads(line) for line in (tmp_path / "out" / "metadata.jsonl").read_text().splitlines()]
    assert sorted(line["file_name"] for line in lines) == [f"{photos}/p00{n}.webp".removeprefix("/") for n in (0, 1)]
    assert all(line.keys() == {"file_name"} and (tmp_path / "out" / line["file_name"]).is_file() for line in lines)
    assert (tmp_path / "out" / "report.html").is_file()


def test_one_column_in_two_places_is_refused(make: Make, photos: Path, tmp_path: Path) -> None:
    listed = write_list(tmp_path, "list.csv", [{"url": str(photos / "p000.jpg"), "caption": "a"}])
    (tmp_path / "more.csv").write_text("key,caption\nx,first\n")
    shown = make("-i", listed, "-o", tmp_path / "out", "--columns", tmp_path / "more.csv", expect=1)
    assert shown[-1] == (f"--columns '{tmp_path}/more.csv' and the list of -i both have a column 'caption': rename one")


def test_images_that_fail(make: Make, web: Web, tmp_path: Path) -> None:
    host = web.url.removeprefix("http://").replace(":", "_")
    lines = [f"{web.url}/{path}" for path in ("p000.jpg", "none.jpg", "status/503/a.jpg", "cut/p001.jpg", "html/x.jpg")]
    lines += [f"{web.url}/text/p001.jpg?x=1", f"{web.url}/text/p001.jpg?x=2", f"{web.url}/robots/noai/p001.jpg"]
    lines += ["# a comment", "", "ftp://example.org/a.jpg", "http://", "missing.jpg", "s4://b/a.jpg"]
    listed = tmp_path / "urls.txt"
    listed.write_text("\n".join(lines))
    flags = ("-i", listed, "-o", tmp_path / "out", "-s", 24, HERE)
    make(*flags)
    failures = {row["source"]: (row["error"], row["message"]) for row in rows(tmp_path / "out", "failures")}
    cut = failures.pop(f"{host}/cut/p001.jpg")
    assert cut[0] == "unreadable"
    assert failures == {
        f"{host}/none.jpg": ("not-found", "the server answered 404 Not Found"),
        f"{host}/status/503/a.jpg": ("unreadable", "the server answered 503 Service Unavailable"),
        f"{host}/html/x.jpg": ("not-an-image", "the content is not in an image format that can be read"),
        f"{host}/text/p001.jpg (row 7)": (
            "name-taken",
            "it has the same path as line 6 of the list, which is used instead",
        ),
        f"{host}/robots/noai/p001.jpg": (
            "refused",
            "the server forbids its use (X-Robots-Tag: noai): use --ignore_robots_tag and --retry_failed to use it "
            "anyway",
        ),
        "urls.txt-row-9": (
            "refused",
            "line 11 of 'urls.txt': 'ftp://example.org/a.jpg' is a web address, which is not supported: use a local "
            "path, or a gs:// or s3:// path, and download inputs first",
        ),
        "urls.txt-row-10": ("refused", "line 12 of 'urls.txt': 'http://' does not name a host"),
        "missing.jpg": ("unreadable", "the file cannot be read: No such file or directory"),
        "urls.txt-row-12": (
            "refused",
            "line 14 of 'urls.txt': 's4://b/a.jpg' cannot be used (s4:// is not supported): use a local path, or a "
            "gs:// or s3:// path",
        ),
    }
    assert summary(tmp_path / "out")["images"] == {"matched": 12, "written": 2, "failed": 10, "skipped": 0}
    before = dict(web.requests)
    make(*flags)  # retries the shards with failures that may be temporary
    assert web.requests["/status/503/a.jpg"] == 2 * before["/status/503/a.jpg"]


def test_names_cannot_escape(make: Make, web: Web, tmp_path: Path) -> None:
    keys = ["../../escaped", "/etc/escaped", "a/../../b/escaped", ".run/config", "c\\..\\..\\escaped", "x.jpg/y", "x"]
    cells = [{"url": f"{web.url}/p000.jpg?{i}", "key": key} for i, key in enumerate(keys)]
    (tmp_path / "lists").mkdir()
    listed = write_list(tmp_path / "lists", "l.jsonl", cells)
    out = tmp_path / "deep" / "er" / "out"
    make("-i", listed, "-o", out, "-s", 24, HERE, "--key_column", "key")
    files = {name for name in snapshot(out) if name.endswith(".jpg")}
    assert files == {"escaped.jpg", "etc/escaped.jpg", "b/escaped.jpg", "c_.._.._escaped.jpg", "x.jpg_/y.jpg", "x.jpg"}
    (failure,) = rows(out, "failures")
    assert (failure["key"], failure["error"]) == (".run/config", "name-unusable")
    assert {
        path.name for path in tmp_path.rglob("*") if "escaped" in path.name and not path.is_relative_to(out)
    } == set()


def test_lists_are_splits_and_a_pattern_matches_several(make: Make, photos: Path, tmp_path: Path) -> None:
    paths = [{"path": str(photos / path), "n": i} for i, path in enumerate(names_of(photos))]
    write_list(tmp_path, "train-0.parquet", paths[:3])
    write_list(tmp_path, "train-1.parquet", paths[3:5])
    val = write_list(tmp_path, "val.csv", paths[5:])
    make("-i", f"{tmp_path}/train-*.parquet", val, "-o", tmp_path / "out", "-s", 24, "--split", "train", "val")
    assert {name: split["images"] for name, split in summary(tmp_path / "out")["splits"].items()} == {
        "train": 5,
        "val": 4,
    }
    assert sorted(row["n"] for row in rows(tmp_path / "out", "manifest")) == list(range(9))
    make("-i", val, photos, "-o", tmp_path / "mixed", "-s", 24, "--label_from", "folder")
    assert {name: split["images"] for name, split in summary(tmp_path / "mixed")["splits"].items()} == {
        "photos": 9,
        "val": 4,
    }


def test_relative_locations_in_a_list_on_the_web(make: Make, tmp_path: Path) -> None:
    files = {"lists/l.csv": b"url\n../a.jpg\nb.jpg\n", "a.jpg": jpeg(1, (30, 20)), "lists/b.jpg": jpeg(2, (30, 20))}
    with running_web(write_tree(tmp_path / "site", files)) as web:
        make("-i", f"{web.url}/lists/l.csv?v=1", "-o", tmp_path / "out", "-s", 24, HERE)
        assert sorted(row["key"].partition("/")[2] for row in rows(tmp_path / "out", "manifest")) == ["a", "lists/b"]
        make("-i", f"{web.url}/lists/b.jpg?x=1", "-o", tmp_path / "one", "-s", 24, HERE)
        (row,) = rows(tmp_path / "one", "manifest")
        assert row["key"] == f"{web.url.removeprefix('http://').replace(':', '_')}/lists/b"
        (shown,) = make("-i", f"{web.url}/none.jpg", "-o", tmp_path / "no", HERE, expect=2)
        assert shown == f"image_resizer: -i '{web.url}/none.jpg' cannot be read: the server answered 404 Not Found"
        (shown,) = make("-i", f"{web.url}/none.csv", "-o", tmp_path / "no", HERE, expect=2)
        assert shown == f"image_resizer: cannot read '{web.url}/none.csv': the server answered 404 Not Found"
    assert not (tmp_path / "no").exists()


def test_a_changed_row_invalidates_its_shard(make: Make, photos: Path, tmp_path: Path) -> None:
    paths = [{"path": str(photos / path), "n": i} for i, path in enumerate(names_of(photos))]
    listed = write_list(tmp_path, "l.csv", paths)
    flags = ("-i", listed, "-o", tmp_path / "out", "-s", 24, "--images_per_shard", 1)
    make(*flags)
    before = markers(tmp_path / "out")
    write_list(tmp_path, "l.csv", list(reversed(paths)))
    assert "nothing to do: all 9 images were already committed, and none was read" in make(*flags)
    write_list(tmp_path, "l.csv", [{**row, "n": 70} if row["n"] == 7 else row for row in paths])
    make(*flags)
    assert len(set(markers(tmp_path / "out").items()) - set(before.items())) == 1
    assert sorted(row["n"] for row in rows(tmp_path / "out", "manifest")) == [0, 1, 2, 3, 4, 5, 6, 8, 70]


def test_a_changed_file_invalidates_its_shard(make: Make, photos: Path, tmp_path: Path) -> None:
    write_tree(tmp_path, {path: (photos / path).read_bytes() for path in names_of(photos)})
    listed = write_list(tmp_path, "l.csv", [{"path": path} for path in names_of(photos)])
    flags = ("-i", listed, "-o", tmp_path / "out", "-s", 24, "--images_per_shard", 1)
    make(*flags)
    facts = summary(tmp_path / "out")
    assert facts["splits"]["train"]["bytes"] == sum((photos / path).stat().st_size for path in names_of(photos))
    before = markers(tmp_path / "out")
    (tmp_path / "p001.jpg").write_bytes(jpeg(77, (50, 30)))
    make(*flags)
    assert len(set(markers(tmp_path / "out").items()) - set(before.items())) == 1
    (row,) = [row for row in rows(tmp_path / "out", "manifest") if row["key"] == "p001"]
    assert (row["source_width"], row["source_height"]) == (50, 30)
    assert "nothing to do: all 9 images were already committed, and none was read" in make(*flags)


def test_several_lists_with_the_same_images_and_bad_rows_are_complete(make: Make, photos: Path, tmp_path: Path) -> None:
    a, b = str(photos / "p000.jpg"), str(photos / "p001.jpg")
    for name, named in {
        "p/l.txt": [a, a, "http://"],
        "q/l.txt": [b, a, "http://"],
        "r/l.txt": [b, a, "http://"],
    }.items():
        write_tree(tmp_path / "in", {name: "\n".join(["# images", *named, ""]).encode()})
    flags = ("-i", f"{tmp_path}/in/*/l.txt", "-o", tmp_path / "out", "-s", 24)
    make(*flags)
    below = str(photos).lstrip("/")
    is_taken = "it has the same path as line {} of {}, which is used instead"
    assert {row["source"]: row["message"] for row in rows(tmp_path / "out", "failures")} == {
        f"{below}/p000.jpg (row 2)": is_taken.format(2, "the list"),
        f"{below}/p000.jpg (row 2 of q/l.txt)": is_taken.format(2, "'p/l.txt'"),
        f"{below}/p000.jpg (row 2 of r/l.txt)": is_taken.format(2, "'p/l.txt'"),
        f"{below}/p001.jpg (row 1 of r/l.txt)": is_taken.format(2, "'q/l.txt'"),
        "p/l.txt-row-3": "line 4 of 'p/l.txt': 'http://' does not name a host",
        "q/l.txt-row-3": "line 4 of 'q/l.txt': 'http://' does not name a host",
        "r/l.txt-row-3": "line 4 of 'r/l.txt': 'http://' does not name a host",
    }
    assert summary(tmp_path / "out")["images"] == {"matched": 9, "written": 2, "failed": 7, "skipped": 0}
    assert "nothing to do: all 9 images were already committed, and none was read" in make(*flags)


def test_a_list_on_the_web_cannot_name_local_files(
    make: Make, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path / "here", {"x:p/f.jpg": (photos / "p000.jpg").read_bytes()})
    monkeypatch.chdir(tmp_path / "here")
    named = ["b.jpg", "x:p/f.jpg", f"file:{tmp_path}/here/x:p/f.jpg", "//[::1/x.jpg", "//me:secret@x.org/a.jpg"]
    site = {"l.txt": "\n".join(named).encode(), "b.jpg": (photos / "p001.jpg").read_bytes()}
    with running_web(write_tree(tmp_path / "site", site)) as web:
        make("-i", f"{web.url}/l.txt", "-o", tmp_path / "out", "-s", 24, HERE)
    (row,) = [row for row in rows(tmp_path / "out", "manifest") if row["status"] == "written"]
    assert row["source"].endswith("/b.jpg")
    problems = [
        "is not a web address, but the list is on the web",
        "is not a web address, but the list is on the web",
        "is not a web address (Invalid IPv6 URL)",
        "contains a user name or password, which would not be sent",
    ]
    assert {row["source"]: (row["error"], row["message"]) for row in rows(tmp_path / "out", "failures")} == {
        f"l.txt-row-{number}": ("refused", f"line {number} of 'l.txt': {named[number - 1]!r} {problem}")
        for number, problem in enumerate(problems, 2)
    }


def test_a_list_that_a_server_compresses(make: Make, photos: Path, tmp_path: Path) -> None:
    listed = gzip.compress(b"url\n/a.jpg\n")
    with running_web(write_tree(tmp_path, {"l.csv.gz": listed, "a.jpg": (photos / "p000.jpg").read_bytes()})) as web:
        for coding in ("identity", "gzip"):  # the body is compressed twice or once
            make("-i", f"{web.url}/coded/{coding}/l.csv.gz", "-o", tmp_path / coding, "-s", 24, HERE)
            assert [row["status"] for row in rows(tmp_path / coding, "manifest")] == ["written"]
        write_tree(tmp_path, {"l.csv.gz": gzip.decompress(listed)})
        make("-i", f"{web.url}/coded/gzip/l.csv.gz", "-o", tmp_path / "unpacked", "-s", 24, HERE)
        assert [row["status"] for row in rows(tmp_path / "unpacked", "manifest")] == ["written"]
        cut = f"{web.url}/coded/gzip-9/l.csv.gz"
        (shown,) = make("-i", cut, "-o", tmp_path / "cut", HERE, expect=2)
        assert shown == (f"image_resizer: cannot read '{cut}': the download failed: the compressed content ends early")
    assert not (tmp_path / "cut").exists()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            "-i l.csv --url_column link",
            "--url_column 'link' is not a column of -i '{}/l.csv': use one of 'address', 'n'",
        ),
        (
            "-i l.csv",
            "-i '{}/l.csv' has no column 'url' with the images' addresses: use --url_column with one of 'address', 'n'",
        ),
        ("-i l.csv --url_column n --verify_hash h", "--verify_hash 'h' is not a column of -i '{}/l.csv': use one of "),
        ("-i empty.txt", "-i '{}/empty.txt' does not name any images: use a list with a row for each image"),
        ("-i none-*.txt", "-i '{}/none-*.txt' does not name any images: use a list with a row for each image"),
        ("-i none.txt", "-i 'none.txt' does not exist: use a list, a folder, a glob pattern or an object store path"),
        ("-i bad.parquet", "-i '{}/bad.parquet' cannot be read as a table: "),
        (
            "-i photos --key_column k",
            "--key_column 'k' has no effect because no input is a list of images, such as photos.csv: leave it out",
        ),
        ("-i l.csv --list_prefixes hex", "--list_prefixes has no effect on '{}/l.csv', only on gs:// and s3:// inputs"),
        ("-i http://", "-i 'http://' does not name a host: use an address such as https://example.org/photos.csv"),
        ("-i https://x.org/a.tar.gz", "-i 'https://x.org/a.tar.gz' is an archive on the web: download it first, and "),
        ("-i http://127.0.0.1:9/a.jpg", "-i 'http://127.0.0.1:9/a.jpg' cannot be read: the host '127.0.0.1' is "),
        (
            "-i l.json",
            "-i 'l.json' is a text file, not an image: use the folder that contains the images, or a list of them ",
        ),
        ("-i https:/x.org/a.jpg", "-i 'https:/x.org/a.jpg' does not name a host: write https://HOST/..."),
        (
            "-i photo.txt",
            "-i '{}/photo.txt' is not a text file because it contains a NUL byte: use a text file with one path per ",
        ),
        ("-i utf16.txt", "-i '{}/utf16.txt' is encoded as UTF-16: save it as UTF-8"),
        (
            "-i https://[::1/l.csv",
            "-i 'https://[::1/l.csv' is not a web address (Invalid IPv6 URL): use an address such as ",
        ),
        ("-i photos --requests_per_host 0", "--requests_per_host '0' is out of range: use a whole number of 1 or more"),
    ],
)
def test_a_wrong_list_is_refused(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path, {"l.csv": b"address,n\na.jpg,1\n", "empty.txt": b"# nothing\n", "bad.parquet": b"PAR1"})
    write_tree(tmp_path, {"photo.txt": jpeg(1, (9, 9)), "utf16.txt": "a.jpg\n".encode("utf-16")})
    write_tree(tmp_path, {"l.json": b"[]", "photos/a.jpg": jpeg(1, (9, 9))})
    shown = make(*flags.split(), "-o", "out", expect=2)[-1]
    assert shown.startswith(f"image_resizer: {sentence.format(tmp_path)}")
    assert not (tmp_path / "out").exists()


def committed(out: Path) -> list[str]:
    """Return the markers of the committed shards."""
    return state.paths(str(out), f"{RUN_DIR}/shards/")


def test_a_run_that_is_killed_in_the_middle_of_a_list_continues(make: Make, web: Web, tmp_path: Path) -> None:
    cells = [{"url": f"{web.url}/slow/p00{number % 9 if number % 9 % 3 != 2 else 0}.jpg?{number}", "key": f"k{number}"}
             for number in range(120)]  # fmt: skip
    listed = write_list(tmp_path, "l.csv", cells)
    flags = ["-i", str(listed), "-s", "24", "--images_per_shard", "10", "--key_column", "key", HERE]
    command = [sys.executable, str(ROOT / "image_resizer.py"), *flags, "-o", str(tmp_path / "killed")]
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as process:
        while len(committed(tmp_path / "killed")) < 3:
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    kept = committed(tmp_path / "killed")
    assert 3 <= len(kept) < 12
    headers = [state.read(str(tmp_path / "killed"), path) or b"" for path in kept]
    done = sum(json.loads(header.splitlines()[0])["tally"]["images"]["matched"] for header in headers)
    web.requests.clear()
    make(*flags, "-o", tmp_path / "killed")
    assert sum(web.requests.values()) == 120 - done
    make(*flags, "-o", tmp_path / "whole")
    assert snapshot(tmp_path / "killed") == snapshot(tmp_path / "whole")
    assert summary(tmp_path / "whole")["images"]["written"] == 120


def test_a_host_gets_no_more_requests_at_once_than_allowed(make: Make, web: Web, tmp_path: Path) -> None:
    listed = tmp_path / "l.txt"
    listed.write_text("".join(f"{web.url}/slow/p000.jpg/{number}\n" for number in range(40)))
    make("-i", listed, "-o", tmp_path / "a", "-s", 24, HERE)
    assert web.most_at_once == 8
    web.most_at_once = 0
    make("-i", listed, "-o", tmp_path / "b", "-s", 24, HERE, "--requests_per_host", 3)
    assert web.most_at_once == 3
