"""Unusual names and links: every file is accounted for, and nothing outside OUT is written."""

import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipeline.conftest import Make
from tests.support import jpeg, photo_tree, rows, snapshot, summary, write_tree

pytestmark = pytest.mark.slow

ODD = [
    "new\nline.jpg",
    "return\r\nand.jpg",
    "line\u2028separator\u0085.jpg",
    "quo'\"`te.jpg",
    "back\\slash.jpg",
    "tab\tand\x1b[31m.jpg",
    "-rf.jpg",
    "--help/-o.jpg",
    "a..b.jpg",
    "..hidden.jpg",
    ".../x.jpg",
    "..\\..\\up.jpg",
    "%2e%2e%2fup.jpg",
    "C:\\x.jpg",
    "file:/x.jpg",
    "~/x.jpg",
    "$(touch x).jpg",
    " space .jpg",
    "set[1]/a*b?{c}.jpg",
    "שלום/مرحبا\u202egpj.jpg",
    f"{'x' * 251}.jpg",
    f"{'é' * 125}y.jpg",
    os.fsdecode(b"caf\xe9/na\xffme.jpg"),
]


def surroundings(folder: Path, out: Path) -> dict[str, tuple[int, int]]:
    """Return path -> (modification time, size) of each file and folder outside OUT."""
    paths = [path for path in folder.rglob("*") if out not in (path, *path.parents)]
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in paths}


def members_of(archive: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(archive) as tar:
        return tar.getmembers()


@pytest.mark.parametrize("layout", ["files", "webdataset"])
def test_odd_names_are_kept_and_nothing_else_is_touched(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    place = tmp_path / "place"
    source = write_tree(place / "in\n[a] *", {name: jpeg(n, (30, 20)) for n, name in enumerate(ODD)})
    out = place / "out"
    out.mkdir()
    (place / "work").mkdir()
    monkeypatch.chdir(place / "work")  # a relative path would create a file here
    before = surroundings(tmp_path, out)
    args = ("-i", source, "-o", out, "-s", 16, "--layout", layout, "--images_per_shard", 5, "--split", "in")
    make(*args)
    assert surroundings(tmp_path, out) == before
    first = snapshot(out)
    assert {row["source"]: row["status"] for row in rows(out, "manifest")} == dict.fromkeys(ODD, "written")
    if layout == "files":
        assert {name for name in first if name.endswith(".jpg")} == set(ODD)
        assert all(row["path"] == row["source"] for row in rows(out, "manifest"))
    else:
        members = [member for path in out.glob("*.tar") for member in members_of(path)]
        assert len(members) == 2 * len(ODD)
        assert all(member.isreg() for member in members)
        named = {row["path"].partition(".tar/")[2] for row in rows(out, "manifest")}
        assert {member.name for member in members if member.name.endswith(".jpg")} == named
        assert not [name for name in named if name.startswith("/") or {"..", "."} & set(name.split("/"))]
    assert f"nothing to do: all {len(ODD)} images were already committed, and none was read" in make(*args)
    assert snapshot(out) == first


def test_each_line_of_the_manifest_is_strict_json(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {name: jpeg(1, (9, 9)) for name in ODD})
    write_tree(source, {f"bad/{name}": b"no image" for name in ODD})
    make("-i", source, "-o", tmp_path / "out", "-s", 8)

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    lines = 0
    for path in [*(tmp_path / "out").glob("manifest-*.jsonl"), *(tmp_path / "out").glob("failures-*.jsonl")]:
        text = path.read_bytes()
        assert text.endswith(b"\n")
        for line in text.decode("utf-8").removesuffix("\n").split("\n"):
            row = json.loads(line, parse_constant=refuse)
            assert list(row)[:2] == ["key", "source"]
            lines += 1
    images = summary(tmp_path / "out")["images"]
    assert images["matched"] == 2 * len(ODD) == images["written"] + images["failed"]
    assert lines == images["matched"] + images["failed"]


def test_links_to_files_are_read_and_others_reported(make: Make, tmp_path: Path) -> None:
    """A link to a file is read wherever it points. A link to a folder is never followed, so there are no cycles."""
    elsewhere = write_tree(tmp_path / "elsewhere", {"far.jpg": jpeg(1, (30, 20)), "sub/never.jpg": jpeg(2, (30, 20))})
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(3, (30, 20)), "deep/b.jpg": jpeg(4, (30, 20))})
    links = {
        "same.jpg": "a.jpg",
        "deep/up.jpg": "../a.jpg",
        "out of it.jpg": str(elsewhere / "far.jpg"),
        "chain.jpg": "out of it.jpg",
        "gone.jpg": "nowhere.jpg",
        "self.jpg": "self.jpg",
        "there.jpg": "back.jpg",
        "back.jpg": "there.jpg",
        "folder.jpg": str(elsewhere / "sub"),
        "folder": str(elsewhere / "sub"),
        "deep/circle": "..",
        "root": "/",
    }
    for name, target in links.items():
        (source / name).symlink_to(target)
    out = tmp_path / "out"
    before = surroundings(tmp_path, out)
    shown = make("-i", source, "-o", out, "-s", 16)
    assert surroundings(tmp_path, out) == before
    read = {"a.jpg", "deep/b.jpg", "same.jpg", "deep/up.jpg", "out of it.jpg", "chain.jpg"}
    assert {row["source"] for row in rows(out, "manifest")} == read
    assert {name for name in snapshot(out) if name.endswith(".jpg")} == read
    assert not [path for path in out.rglob("*") if path.is_symlink()]
    *shown, last = shown
    assert last == (
        "complete, but 7 inputs could not be read: 'back.jpg' is a broken link; 'folder' is a link to a folder, and is "
        "not followed; 'folder.jpg' is a link to a folder, and is not followed; 'gone.jpg' is a broken link; 'root' is "
        "a link to a folder, and is not followed; 2 more"  # all but the cycle, whose folder is read in its place
    )
    warned = {line.partition("'")[2].partition("'")[0]: line.partition("' ")[2] for line in shown if " link" in line}
    followed = "is a link to a folder, and is not followed: pass that folder as a separate input"
    assert warned == {
        **{str(source / name): "is a broken link: skipped" for name in ("gone.jpg", "self.jpg")},
        **{str(source / name): "is a broken link: skipped" for name in ("there.jpg", "back.jpg")},
        **{str(source / name): followed for name in ("folder.jpg", "folder", "deep/circle", "root")},
    }


def test_pipes_devices_and_names_without_a_stem_are_accounted_for(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (30, 20)), "folder.jpg/b.JPG": jpeg(2, (30, 20))})
    write_tree(source, {".jpg": jpeg(3, (30, 20)), "...jpg": b"", "c.jpg ": b"", "d": b""})
    os.mkfifo(source / "pipe.jpg")
    (source / "device.jpg").symlink_to("/dev/zero")
    make("-i", source, "-o", tmp_path / "out", "-s", 16)
    assert {row["source"]: row["reason"] for row in rows(tmp_path / "out", "manifest")} == {
        "a.jpg": None,
        "folder.jpg/b.JPG": None,
        "pipe.jpg": "unreadable",
        "device.jpg": "unreadable",
    }
    assert summary(tmp_path / "out")["not_images"] == {"": 3, ".*": 1}


MISSING = "does not exist: use a folder, a glob pattern or an object store path"


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (Path.exists, MISSING),
        (Path.mkdir, "contains no images; use a folder or pattern that contains images"),
        (lambda path: path.symlink_to("nowhere"), MISSING),
        (
            lambda path: write_tree(path, {"x.txt": b""}),
            "contains no images: 1 .txt; use a folder or pattern that contains images",
        ),
        (
            lambda path: path.write_bytes(b""),
            "has no extension: add --any_name if it is an image, or use the folder",
        ),
    ],
)
def test_an_unusable_input_is_refused(
    make: Make, tmp_path: Path, create: Callable[[Path], object], message: str
) -> None:
    create(tmp_path / "in")
    (shown,) = make("-i", tmp_path / "in", "-o", tmp_path / "out", expect=2)
    assert shown.startswith("image_resizer: -i ")
    assert message in shown
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("pattern", ["in[1]", "photos/b?.jpg", "photos/[x-z]*.jpg"])
def test_a_pattern_that_matches_nothing_is_refused(make: Make, tmp_path: Path, pattern: str) -> None:
    write_tree(tmp_path / "photos", {"a1.jpg": jpeg(1, (9, 9))})
    (shown,) = make("-i", tmp_path / pattern, "-o", tmp_path / "out", "-s", 8, expect=2)
    assert shown == (
        f"image_resizer: -i '{tmp_path / pattern}' contains no images; use a folder or pattern that contains images"
    )
    assert not (tmp_path / "out").exists()


def test_the_paths_of_a_command_need_not_be_utf8(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    source = photo_tree(folder / "in", 3)
    (folder / "list.txt").write_text("in/p000.jpg\nin/p001.jpg\n")
    (folder / "table.csv").write_text("key,caption\np000,a\n")
    flags = ("-s", 16, "-l", folder / "log.txt")
    for number, (typed, matched) in enumerate(((source, 3), (f"{source}/**/*.jpg", 3), (folder / "list.txt", 2))):
        out = folder / str(number)
        shown = make("-i", typed, "-o", out, *flags)
        assert f"{matched} images matched: {matched} written, 0 failed, 0 skipped" in shown
        assert any("nothing to do" in line for line in make("-i", typed, "-o", out, *flags))
    make("-i", source / "p000.jpg", "-o", folder / "table", *flags, "--columns", folder / "table.csv")
    assert [row["caption"] for row in rows(folder / "table", "manifest")] == ["a"]
