"""Files whose names are not those of images: system files, other kinds, and --any_name."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.pipeline.conftest import Make
from tests.support import image_bytes, jpeg, rows, snapshot, summary, write_tree
from tests.support.here import run_here
from tests.support.state import state_of
from tests.transforms.imaging.files import boxes_of

pytestmark = pytest.mark.slow

SYSTEM = {
    "__MACOSX/cat/._a.jpg": b"\0\x05\x16\x07",
    "cat/._a.jpg": b"\0\x05\x16\x07",
    "cat/@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg": jpeg(9, (20, 10)),
    ".DS_Store": b"",
    "cat/Thumbs.db": b"",
}


@pytest.mark.parametrize("any_name", [(), ("--any_name",)])
@pytest.mark.parametrize("pattern", ["", "/**"])
def test_system_files_are_never_tried(make: Make, tmp_path: Path, any_name: tuple[str, ...], pattern: str) -> None:
    # The folders above the input may have such names.
    source = write_tree(tmp_path / "@eaDir" / "in", {"cat/a.jpg": jpeg(1, (30, 20)), **SYSTEM})
    shown = make("-i", f"{source}{pattern}", "-o", tmp_path / "out", "-s", 16, *any_name)
    assert "system files, not read (__MACOSX, ._*, Thumbs.db, ...): 5" in shown
    facts = summary(tmp_path / "out")
    assert (facts["images"]["matched"], facts["not_images"], facts["system_files"]) == (1, {}, 5)
    assert [row["source"] for row in rows(tmp_path / "out", "manifest")] == ["cat/a.jpg"]
    estimate = run_here("-i", f"{source}{pattern}", "-s", 16, "--estimate", *any_name).stdout
    assert any(line.split() == ["system", "files", "5"] for line in estimate.splitlines())


def test_a_folder_without_images_is_refused_with_its_kinds(make: Make, tmp_path: Path) -> None:
    files = {**{f"{n}.svg": b"" for n in range(3)}, **{f"p/{n}": b"" for n in range(12)}, ".DS_Store": b""}
    source = write_tree(tmp_path / "in", files)
    kinds = (
        "12 without an extension, 3 .svg, 1 system file; convert .svg to JPEG or PNG, because no installed decoder "
        "supports it, or use --any_name to try every file, or use a folder or pattern that contains images"
    )
    for typed in (source, tmp_path / "i*" / "**"):
        (shown,) = make("-i", typed, "-o", tmp_path / "out", expect=2)
        assert shown == f"image_resizer: -i '{typed}' contains no images: {kinds}"
    assert not (tmp_path / "out").exists()


NAMES = {
    "plain": 1,
    "b.jpg?size=large": 2,
    "b.jpg?size=small": 3,
    "img.0001": 4,
    "img.0002": 5,
    "we [i]rd#x.php": 6,
    "sub.d/c.JPG": 7,
}


@pytest.mark.parametrize("layout", ["files", "webdataset"])
def test_any_name_tries_every_file_by_its_content(make: Make, tmp_path: Path, layout: str) -> None:
    images = {name: jpeg(seed, (40, 30)) for name, seed in NAMES.items()}
    others = {"notes.txt": b"no image", "p.heic": boxes_of(b"avci", b"mif1"), ".DS_Store": b""}
    source = write_tree(tmp_path / "in", {**images, **others})
    flags = ("-i", source, "-o", tmp_path / "out", "-s", 16, "-ext", "jpg", "--layout", layout)
    make(*flags, "--any_name")
    manifest = {row["key"]: row for row in rows(tmp_path / "out", "manifest")}
    keys = [name.removesuffix(".JPG") for name in NAMES]
    assert {key: row["reason"] for key, row in manifest.items()} == {
        **dict.fromkeys(keys),
        "notes.txt": "not-an-image",
        "p": "unsupported-coding",
    }
    failures = {row["key"]: row["message"] for row in rows(tmp_path / "out", "failures")}
    assert failures["p"] == "HEIF with H.264 inside is not supported: convert the file to JPEG or PNG"
    if layout == "files":
        assert {row["path"] for row in manifest.values() if row["path"]} == {f"{key}.jpg" for key in keys}
    assert any("nothing to do: all 9 images" in line for line in make(*flags, "--any_name"))
    assert any("there, checked by SHA-256" in line for line in make(*flags, "--any_name", "--verify", "full"))
    (shown,) = make(*flags, expect=2)
    assert "made with --any_name, but this run is without --any_name" in shown


def read_labels(out: Path) -> dict[str, tuple[int | None, str | None]]:
    return {row["key"]: (row["label"], row["label_name"]) for row in rows(out, "manifest")}


CLASSES = {"ant": jpeg(1, (40, 30)), "broken": b"no image", "cat": jpeg(2, (40, 30)), "small": jpeg(3, (9, 9))}


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet", "tfrecord"])
def test_a_folder_without_a_written_image_is_not_a_class(make: Make, tmp_path: Path, layout: str) -> None:
    files = {**{f"{name}/a.jpg": data for name, data in CLASSES.items()}, "texts/a.txt": b"", **SYSTEM}
    source, out = write_tree(tmp_path / "in", files), tmp_path / "out"
    flags = ("-s", 16, "-ext", "jpg", "--label_from", "folder", "--min_side", 10, "--layout", layout)
    shown = make("-i", source, "-o", out, *flags)
    assert any(
        "no image from 'broken', 'small' was written, so the class does not exist; making the dataset again" in line
        for line in shown
    )
    assert read_labels(out) == {
        "ant/a": (0, "ant"),
        "broken/a": (None, None),
        "cat/a": (1, "cat"),
        "small/a": (None, None),
    }
    assert summary(out)["classes"] == {"ant": 1, "cat": 1}

    # The dataset equals that of an input without such folders, except for the rows of their images.
    alone = write_tree(tmp_path / "alone" / "in", {name: files[name] for name in ("ant/a.jpg", "cat/a.jpg")})
    make("-i", alone, "-o", tmp_path / "out2", *flags)
    made, expected = snapshot(out), snapshot(tmp_path / "out2")
    described = [
        name for name in expected if name == "metadata.jsonl" or name.endswith((".tar", ".parquet", ".tfrecord"))
    ]
    assert described
    assert {name: made[name] for name in described} == {name: expected[name] for name in described}
    if "croissant.json" in expected:
        assert json.loads(made["croissant.json"])["recordSet"] == json.loads(expected["croissant.json"])["recordSet"]

    assert any("nothing to do" in line for line in make("-i", source, "-o", out, *flags))
    assert snapshot(out) == made


def test_images_outside_a_folder_have_no_label_and_are_counted(make: Make, tmp_path: Path) -> None:
    files = {name: jpeg(seed, (30, 20)) for seed, name in enumerate(("a.jpg", "b.jpg", "cat/c.jpg", "cat/d.jpg"))}
    source = write_tree(tmp_path / "in", {**files, "bad.jpg": b"no image"})
    start = "--label_from folder: images without a label, because they are not in a folder below -i"
    advice = "put the images of each class into a folder"
    args = ("-s", 16, 8, "--label_from", "folder")
    shown = make("-i", source, "-o", tmp_path / "out", *args)
    assert [line for line in shown if "label" in line] == [f"{start}: 2 of 4; {advice}"]
    labels = {row["key"]: row["label_name"] for row in rows(tmp_path / "out", "manifest") if row["size"] == 16}
    assert labels == {"a": None, "b": None, "bad": None, "cat/c": "cat", "cat/d": "cat"}
    shown = make("-i", source / "cat", "-o", tmp_path / "flat", *args)
    assert f"{start}: 2 of 2; {advice}" in shown
    (source / "bad.jpg").unlink()
    shown = make("-i", tmp_path / "in" / "*" / "*.jpg", "-o", tmp_path / "whole", *args)
    assert not [line for line in shown if "label" in line]


@pytest.mark.parametrize("unlabeled", [0, 1])
def test_an_image_that_fails_at_one_size_has_a_label(make: Make, tmp_path: Path, unlabeled: int) -> None:
    files = {f"cat/{seed}.png": image_bytes(Image.new("RGB", (1, 1000 if seed else 9)), "PNG") for seed in range(3)}
    source = write_tree(tmp_path / "in", {**files, **({"a.jpg": jpeg(1, (9, 9))} if unlabeled else {})})
    args = ("-s", 100, 1, "--fit", "cover", "-ext", "jpg", "--label_from", "folder")
    shown = make("-i", source, "-o", tmp_path / "out", *args)
    assert "failed: 2 output-too-large" in shown
    assert [line.split(": ")[2] for line in shown if "without a label" in line] == [
        "1 of 4; put the images of each class into a folder"
    ] * unlabeled


def test_a_folder_becomes_a_class_with_its_first_written_image(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {f"{name}/a.jpg": data for name, data in CLASSES.items()})
    flags = ("-i", source, "-o", tmp_path / "out", "-s", 16, "-ext", "jpg", "--label_from", "folder")
    make(*flags)
    write_tree(source, {"broken/b.jpg": jpeg(4, (40, 30))})
    make(*flags)
    assert read_labels(tmp_path / "out") == {
        "ant/a": (0, "ant"),
        "broken/a": (1, "broken"),
        "broken/b": (1, "broken"),
        "cat/a": (2, "cat"),
        "small/a": (3, "small"),
    }
    completed = snapshot(tmp_path / "out")
    make("-i", source, "-o", tmp_path / "again", *flags[4:])
    assert snapshot(tmp_path / "again") == completed


def test_a_sample_has_the_classes_of_its_images(make: Make, tmp_path: Path) -> None:
    names = [f"c{number:02d}" for number in range(30)]
    source = write_tree(tmp_path / "in", {f"{name}/a.jpg": CLASSES["ant"] for name in names})
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 16, "--label_from", "folder", "--sample", "1/3")
    assert not any("classes numbered again" in line for line in shown)
    written = [row for row in rows(tmp_path / "out", "manifest") if row["status"] == "written"]
    assert 2 < len(written) < 25
    assert [row["label"] for row in sorted(written, key=lambda row: str(row["key"]))] == list(range(len(written)))
    assert list(summary(tmp_path / "out")["classes"]) == sorted(row["label_name"] for row in written)


def test_a_dataset_with_the_old_name_of_the_flag_is_continued(make: Make, tmp_path: Path) -> None:
    files = {f"{name}/a.jpg": data for name, data in CLASSES.items() if name in ("ant", "cat")}
    source, out = write_tree(tmp_path / "in", files), tmp_path / "out"
    flags = ("-i", source, "-o", out, "-s", 16, "-ext", "jpg", "--label_from", "folder")
    make(*flags)
    completed, config = snapshot(out), state_of(out) / "config.json"
    plan = json.loads(config.read_bytes())
    plan["settings"]["labels"] = plan["settings"].pop("label_from")
    config.write_text(json.dumps(plan))
    assert any("nothing to do: all 2 images" in line for line in make(*flags))
    assert snapshot(out) == completed
    (shown,) = make(*flags[:-2], expect=2)
    assert "made with --label_from 'folder', " in shown
