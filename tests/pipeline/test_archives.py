"""Test that photographs in archives have the same outputs as the same photographs in a folder."""

import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, sha256, snapshot, summary, write_tree
from tests.support.archives import KINDS, files_of, packed, tar, tar_of, zipped
from tests.support.here import run_here
from tests.support.state import markers
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow

FILES = {
    f"{'cats' if number % 3 else 'dogs'}/{number:03d}.jpg": jpeg(number, (90 + number, 60)) for number in range(24)
}
OTHERS = {"cats/notes.txt": b"1", "._a.jpg": b"2", "__MACOSX/b.jpg": b"3", "more.rar": b"4", "list.json": b"{}"}


def outputs(out: Path) -> dict[str, tuple[str, str | None]]:
    """Return path of source -> (SHA-256 of the source, SHA-256 of its output)."""
    return {row["source"]: (row["source_sha256"], row["sha256"]) for row in rows(out, "manifest")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("folder"), FILES | OTHERS)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_archives_make_the_images_of_a_folder(make: Make, folder: Path, tmp_path: Path, layout: str) -> None:
    flags = ("-s", 32, 16, "--layout", layout, "--images_per_shard", 7, "--label_from", "folder")
    make("-i", folder, "-o", tmp_path / "out", *flags)
    expected, counted = outputs(tmp_path / "out"), summary(tmp_path / "out")
    assert len(expected) == 24
    for kind in KINDS:
        write_tree(tmp_path, {f"in/pics.{kind}": packed(FILES | OTHERS, kind)})
        out = tmp_path / f"out-{kind}"
        make("-i", tmp_path / "in" / f"pics.{kind}", "-o", out, *flags)
        assert outputs(out) == expected
        for name in ("images", "not_images", "system_files", "source_bytes"):
            assert summary(out)[name] == counted[name], name
        assert [row["label_name"] for row in rows(out, "manifest")].count("dogs") == 16
        make("-i", tmp_path / "in" / f"pics.{kind}", "-o", out, *flags, "--verify")
    if layout == "files":
        assert snapshot(tmp_path / "out-zip").keys() == snapshot(tmp_path / "out").keys()
    # With archives that are read by range, the dataset has the same shards and bytes as with a folder.
    tables = ("manifest-00000-of-00001.jsonl", "failures-00000-of-00001.jsonl")
    for name in (
        tables if layout == "files" else [*tables, *(path for path in snapshot(tmp_path / "out") if "train-" in path)]
    ):
        assert snapshot(tmp_path / "out-tar")[name] == snapshot(tmp_path / "out")[name], name
        assert snapshot(tmp_path / "out-zip")[name] == snapshot(tmp_path / "out")[name], name


def test_archives_beside_files_in_folders_and_in_several_splits(make: Make, tmp_path: Path) -> None:
    names = list(FILES)
    parts = [{name: FILES[name] for name in names[start::4]} for start in range(4)]
    write_tree(
        tmp_path,
        {
            "train/deep/one.tar": packed(parts[0], "tar"),
            "train/two.TGZ": packed(parts[1], "tar.gz"),
            **{f"train/loose/{name}": data for name, data in parts[2].items()},
            "val.zip": packed(parts[3], "zip"),
        },
    )
    out = tmp_path / "out"
    make("-i", tmp_path / "train", tmp_path / "val.zip", "-o", out, "-s", 32, "--images_per_shard", 3)
    expected = {f"train/deep/{name}" for name in parts[0]} | {f"train/{name}" for name in parts[1]}
    expected |= {f"train/loose/{name}" for name in parts[2]} | {f"val/{name}" for name in parts[3]}
    assert set(outputs(out)) == expected
    assert all(
        sha256(FILES["/".join(source.split("/")[-2:])]) == digest for source, (digest, _) in outputs(out).items()
    )
    assert summary(out)["images"] == {"matched": 24, "written": 24, "failed": 0, "skipped": 0}


@pytest.mark.parametrize("kind", KINDS)
def test_a_pattern_of_archives(make: Make, tmp_path: Path, kind: str) -> None:
    names = list(FILES)
    for part in range(3):
        files = {name: FILES[name] for name in names[part::3]}
        write_tree(tmp_path, {f"parts/train_{part}.{kind}": packed(files, kind), "parts/x.jpg": jpeg(1, (9, 9))})
    out = tmp_path / "out"
    make("-i", tmp_path / "parts" / f"*.{kind}", "-o", out, "-s", 32, "--images_per_shard", 3, "-j", 3)
    assert set(outputs(out)) == set(FILES)


def test_rows_of_tables_find_images_in_every_kind_of_archive(make: Make, tmp_path: Path) -> None:
    table = "key,n\n" + "".join(f"{name.removesuffix('.jpg')},{int(name[-7:-4])}\n" for name in FILES) + "nothing,5\n"
    write_tree(tmp_path, {"t.csv": table.encode(), **{f"{kind}/a.{kind}": packed(FILES, kind) for kind in KINDS}})
    for kind in KINDS:
        out = tmp_path / f"out-{kind}"
        make(
            *("-i", tmp_path / kind, "-o", out, "-s", 32, "--images_per_shard", 5, "--columns", tmp_path / "t.csv"),
            *("--sample", "1/2"),
        )
        assert {row["key"]: row["n"] for row in rows(out, "manifest")} == {
            name.removesuffix(".jpg"): int(name[-7:-4]) for name in FILES
        }
        assert [(row["key"], row["reason"]) for row in rows(out, "unmatched")] == [("nothing", "no-image")]


def test_a_second_run_lists_no_stream_again_and_processes_a_changed_archive_again(make: Make, tmp_path: Path) -> None:
    names = list(FILES)
    first, second = ({name: FILES[name] for name in names[start::2]} for start in range(2))
    write_tree(tmp_path, {"in/a.tar.gz": packed(first, "tar.gz"), "in/b.tar.gz": packed(second, "tar.gz")})
    args = ("-i", tmp_path / "in", "-o", tmp_path / "out", "-s", 32, "--images_per_shard", 4)
    make(*args)
    made = markers(tmp_path / "out")
    archives = sorted((tmp_path / "in").iterdir())
    times = [archive.stat().st_mtime_ns for archive in archives]
    for archive, time in zip(archives, times, strict=True):  # same size and time, but only the signature is kept
        content = archive.read_bytes()
        archive.write_bytes(content[:16] + bytes(len(content) - 16))
        os.utime(archive, ns=(time, time))
    assert any("nothing to do: all 24 images" in line for line in make(*args))
    write_tree(tmp_path, {"in/a.tar.gz": packed(first, "tar.gz")})
    os.utime(archives[0], ns=(times[0], times[0]))
    changed = dict(list(second.items())[:-1]) | {"new.jpg": jpeg(77, (50, 40))}
    write_tree(tmp_path, {"in/b.tar.gz": packed(changed, "tar.gz")})
    make(*args)
    remade = {name for name, time in markers(tmp_path / "out").items() if made[name] != time}
    assert remade == {f"train-{number:05d}-of-00006.jsonl" for number in (3, 4, 5)}
    assert set(outputs(tmp_path / "out")) == {*first, *changed}


def test_unreadable_parts_of_archives_are_counted(make: Make, tmp_path: Path) -> None:
    data = packed(FILES, "tar.gz")
    files = {
        "cut.tar.gz": data[: len(data) // 2],
        "page.tar.gz": b"<!DOCTYPE html>",
        "empty.zip": b"",
        "gz.tar": gzip.compress(tar({"packed.jpg": jpeg(1, (40, 30))})),
        "plain.tgz": tar({"plain.jpg": jpeg(2, (40, 30))}),
    }
    write_tree(tmp_path / "in", files)
    shown = make("-i", tmp_path / "in", "-o", tmp_path / "out", "-s", 16)
    failures = {row["source"]: (row["error"], row["message"]) for row in rows(tmp_path / "out", "failures")}
    cut = failures.pop("cut.tar.gz")
    at = f"{len(data) // 2:,}"
    assert cut == ("truncated", f"the archive 'cut.tar.gz' is truncated at byte {at}: everything after it is lost")
    reason = "the archive 'page.tar.gz' is neither a tar nor a zip: it begins with b'<!DOCTYPE html>'"
    assert failures.pop("page.tar.gz") == ("not-an-archive", reason)
    assert failures.pop("empty.zip") == ("empty-file", "the archive 'empty.zip' is empty")
    assert len(failures) <= 1  # the member at which the archive is truncated
    assert {error for error, _ in failures.values()} <= {"truncated"}
    written = [row["source"] for row in rows(tmp_path / "out", "manifest") if row["status"] == "written"]
    assert {"packed.jpg", "plain.jpg"} <= set(written)
    assert 8 < len(written) < 20
    assert any(line.startswith("failed: ") and "1 empty-file, 1 not-an-archive" in line for line in shown)


def test_nothing_escapes_from_a_hostile_archive(make: Make, tmp_path: Path) -> None:
    picture = jpeg(1, (40, 30))
    names = ("../up.jpg", "/abs.jpg", "x/../../y.jpg", "..", "./ok.jpg")
    links: dict[str, dict[str, Any]] = {
        "link.jpg": {"type": b"2", "linkname": "/etc/passwd"},
        "dev.jpg": {"type": b"3"},
    }
    none: dict[str, Any] = {}
    members = [*((name, picture, none) for name in names), *((name, b"", what) for name, what in links.items())]
    hostile = {
        "h.tar": tar_of(members),
        "h.tgz": gzip.compress(tar_of(members)),
        "h.zip": zipped(dict.fromkeys(names, picture)),
    }
    for name, data in hostile.items():
        place = tmp_path / name
        write_tree(place / "in", {name: data})
        before = {path for path in tmp_path.rglob("*") if place / "out" not in (path, *path.parents)}
        make("-i", place / "in", "-o", place / "out", "-s", 16)
        after = {path for path in tmp_path.rglob("*") if place / "out" not in (path, *path.parents)}
        assert after == before
        assert {row["source"]: row["status"] for row in rows(place / "out", "manifest")} == {
            "../up.jpg": "failed",
            "abs.jpg": "written",
            "x/../../y.jpg": "failed",
            "ok.jpg": "written",
            **(dict.fromkeys(links, "failed") if name != "h.zip" else {}),
        }
        assert {path for path in files_of(place / "out") if path.endswith(".jpg")} == {"abs.jpg", "ok.jpg"}


@pytest.mark.parametrize("kind", KINDS)
def test_archives_in_an_archive_are_counted_and_left_alone(make: Make, tmp_path: Path, kind: str) -> None:
    inner = {f"in.{inner}": packed(FILES, inner) for inner in KINDS}
    write_tree(tmp_path, {f"a.{kind}": packed({"a.jpg": FILES["cats/001.jpg"], **inner}, kind)})
    make("-i", tmp_path / f"a.{kind}", "-o", tmp_path / "out", "-s", 16, "--any_name")
    assert list(outputs(tmp_path / "out")) == ["a.jpg"]
    assert summary(tmp_path / "out")["not_images"] == {".gz": 1, ".tar": 1, ".zip": 1}


def test_files_with_the_same_path_are_all_counted(make: Make, tmp_path: Path) -> None:
    one, two, three = (jpeg(number, (40, 30)) for number in range(3))
    for kind in ("tar", "tgz"):
        place = tmp_path / kind
        archive = tar([("a.jpg", one), ("b.jpg", one), ("b.jpg", two), *((f"{n}.jpg", three) for n in range(20))])
        data = archive if kind == "tar" else gzip.compress(archive)
        write_tree(place / "in", {f"p.{kind}": data, "a.jpg": three, "b.png": one})
        make("-i", place / "in", "-o", place / "out", "-s", 16, "-ext", "jpg", "--images_per_shard", 5)
        found = {row["source"]: (row["status"], row["source_sha256"]) for row in rows(place / "out", "manifest")}
        assert found["a.jpg"] == ("written", sha256(three))
        assert found[f"a.jpg (2 in p.{kind})"] == ("failed", None)
        assert found["b.jpg"] == ("written", sha256(two))
        assert found[f"b.jpg (2 in p.{kind})"] == ("failed", None)
        assert found["b.png"] == ("failed", sha256(one))  # its output has the same name as the output of b.jpg
        assert len(found) == 25


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_whose_output_has_the_name_of_a_folder(make: Make, tmp_path: Path, kind: str) -> None:
    names = ("a.png", "a.jpg/b.png", "c.jpg", "d.png/x.png/y.jpg", "d.png/x.jpg", "e.png")
    archive = packed(dict.fromkeys(names, FILES["cats/001.jpg"]), kind)
    write_tree(tmp_path, {f"in/p.{kind}": archive, "in/e.jpg/f.png": FILES["cats/001.jpg"]})
    make("-i", tmp_path / "in", "-o", tmp_path / "out", "-s", 16, "-ext", "jpg", "--images_per_shard", 1)
    assert {row["source"] for row in rows(tmp_path / "out", "failures")} == {"a.png", "e.png"}
    assert {row["error"] for row in rows(tmp_path / "out", "failures")} == {"name-taken"}
    make("-i", tmp_path / "in", "-o", tmp_path / "tar", "-s", 16, "-ext", "jpg", "--layout", "webdataset")
    assert rows(tmp_path / "tar", "failures") == []


@pytest.mark.parametrize("other", ["folder", *KINDS])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_and_a_folder_with_the_same_name_from_several_sources(
    make: Make, tmp_path: Path, kind: str, other: str
) -> None:
    """The folder has priority, wherever it comes from and however the images are spread over shards."""
    picture = FILES["cats/001.jpg"]
    deep = packed({"a.jpg/b.jpg": picture, "a.jpg/x.png/c.jpg": picture, "c.jpg": picture}, kind)
    flat = {"a.jpg": picture, "c.webp": picture, "d.jpg": picture}
    beside = flat if other == "folder" else {f"other.{other}": packed(flat, other)}
    write_tree(tmp_path / "in", {f"p.{kind}": deep, **beside})
    written = {"a.jpg/b.jpg", "a.jpg/x.png/c.jpg", "c.jpg", "d.jpg"}
    for per_shard in (1, 100):
        out = tmp_path / f"out{per_shard}"
        args = ("-i", tmp_path / "in", "-o", out, "-s", 16, "-ext", "jpg", "--images_per_shard", per_shard)
        make(*args)
        assert sorted((row["source"], row["error"], row["message"]) for row in rows(out, "failures")) == [
            ("a.jpg", "name-taken", "its output 'a.jpg' has the same name as a folder of the source"),
            ("c.webp", "name-taken", "its output 'c.jpg' is also the output of 'c.jpg'"),
        ]
        assert {path for path in files_of(out) if path.endswith(".jpg")} == written
        assert any("nothing to do: all 6 images" in line for line in make(*args))


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_archives_and_classes_need_not_be_utf8(make: Make, tmp_path: Path, kind: str) -> None:
    folder = os.fsdecode(b"caf\xe9")
    files = {f"{folder}/{number}.jpg": FILES["cats/001.jpg"] for number in range(6)}
    write_tree(tmp_path / "in", {f"{folder}.{kind}": packed(files, "tar" if kind == "zip" else kind)})
    args = ("-i", tmp_path / "in", "-o", tmp_path / "out", "-s", 16, "--label_from", "folder", "--images_per_shard", 2)
    make(*args)
    manifest = rows(tmp_path / "out", "manifest")
    assert {(row["source"], row["label"], row["label_name"]) for row in manifest} == {
        (name, 0, "caf\\udce9") for name in files
    }
    assert any("nothing to do: all 6 images" in line for line in make(*args))


def test_a_file_becomes_a_folder_and_a_file_again(make: Make, tmp_path: Path) -> None:
    """Outputs of an earlier run are deleted, whichever shard is committed first."""
    picture = FILES["cats/001.jpg"]
    names = {f"{number}.jpg": picture for number in range(8)}
    write_tree(tmp_path / "in", names)
    args = ("-i", tmp_path / "in", "-o", tmp_path / "out", "-s", 16, "-ext", "jpg", "--images_per_shard", 1)
    make(*args)
    folders = tar({f"{name}/deep/{number}.jpg": picture for number, name in enumerate(names)})
    write_tree(tmp_path / "in", {"p.tar": folders})
    make(*args)
    assert {row["error"] for row in rows(tmp_path / "out", "failures")} == {"name-taken"}
    outputs_now = {path for path in files_of(tmp_path / "out") if path.endswith(".jpg")}
    assert outputs_now == {f"{name}/deep/{number}.jpg" for number, name in enumerate(names)}
    (tmp_path / "in" / "p.tar").unlink()
    make(*args)
    assert {path for path in files_of(tmp_path / "out") if path.endswith(".jpg")} == set(names)
    assert rows(tmp_path / "out", "failures") == []


def test_a_folder_with_the_name_of_a_document_of_the_dataset(make: Make, tmp_path: Path) -> None:
    picture = FILES["cats/001.jpg"]
    names = ("README.md/a.jpg", "metadata.jsonl/x.jpg", "SHA256SUMS/a.jpg", "manifest-00000-of-00001.jsonl/a.jpg")
    write_tree(tmp_path / "in", {"p.zip": zipped(dict.fromkeys([*names, "a.jpg"], picture))})
    make("-i", tmp_path / "in", "-o", tmp_path / "out", "-s", 16)
    assert [(row["source"], row["error"], row["message"]) for row in rows(tmp_path / "out", "failures")] == [
        (
            name,
            "name-unusable",
            f"its output would be in {name.split('/')[0]}, which is reserved for the dataset's own files",
        )
        for name in sorted(names)
    ]
    assert {path for path in files_of(tmp_path / "out") if path.endswith(".jpg")} == {"a.jpg"}
    make("-i", tmp_path / "in", "-o", tmp_path / "tar", "-s", 16, "--layout", "webdataset")
    assert rows(tmp_path / "tar", "failures") == []


def test_an_archive_without_an_image_is_refused(tmp_path: Path) -> None:
    for kind in KINDS:
        write_tree(tmp_path, {f"{kind}/a.{kind}": packed({"a.txt": b"1", "b.txt": b"2"}, kind)})
        done = run_here("-i", tmp_path / kind / f"a.{kind}", "-o", tmp_path / f"out-{kind}")
        assert done.returncode == 1
        assert "contains no images: 2 .txt; use a folder or pattern that contains images" in done.stderr
        assert "Traceback" not in done.stderr
        shutil.rmtree(tmp_path / f"out-{kind}", ignore_errors=True)


def test_archives_are_estimated(tmp_path: Path) -> None:
    for kind in KINDS:
        write_tree(tmp_path, {f"{kind}/a.{kind}": packed(FILES, kind)})
        done = run_here("-i", tmp_path / kind, "--estimate", 10, "-s", 16)
        assert done.returncode == 0, done.stderr
        assert "24 images" in done.stdout
