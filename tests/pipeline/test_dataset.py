"""Compare the files of a dataset byte for byte and row for row with the results of a simple Pillow loop."""

import io
import json
import os
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import webdataset
from PIL import Image

from tests.pipeline.conftest import Make
from tests.support import (
    Row,
    image_bytes,
    jpeg,
    photo_tree,
    plain_resize,
    rows,
    sha256,
    snapshot,
    summary,
    write_tree,
    written_row,
)
from tests.support.archives import tar
from tests.support.state import markers
from tests.transforms.layouts.examples import examples
from transforms.imaging.spec import ResizeSpec, library_versions
from transforms.layouts import LAYOUTS
from transforms.model.keys import shard_index
from transforms.publish.amounts import amount

pytestmark = pytest.mark.slow

ARCHIVES = [name for name in LAYOUTS if name != "files"]


def sources_of(folder: Path) -> list[tuple[str, bytes]]:
    """Return (path relative to the folder, bytes) of each file, sorted."""
    return sorted((str(path.relative_to(folder)), path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def members_of(archive: Path) -> dict[str, bytes]:
    """Return the content of each member, in the order of the archive."""
    with tarfile.open(archive) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]  # all are files


def in_manifest_order(expected: list[Row], shards: int) -> list[Row]:
    return sorted(expected, key=lambda row: (shard_index(row["key"], shards), row["key"], row["source"], -row["size"]))


@pytest.mark.parametrize("exact", [True, False])
def test_layout_files_in_two_sizes(make: Make, tmp_path: Path, exact: bool) -> None:
    """The sizes differ by less than a factor of 2, so both are created from the decoded image."""
    source = photo_tree(tmp_path / "photos", 7, size=(330, 221))
    out = tmp_path / "out"
    make("-i", source, "-o", out, "-s", 64, 40, "-ext", "jpg", "--images_per_shard", 3, *(["--exact"] if exact else []))

    expected: list[Row] = []
    files: dict[str, bytes] = {}
    for path, data in sources_of(source):
        for size in (64, 40):
            key = path.removesuffix(".jpg")
            output = plain_resize(data, size, gap=None if exact else 64 / size * 1.5)[0]
            files[f"{size}/{path}"] = output
            expected.append(written_row(key, path, data, size, f"{size}/{path}", output))
    contents = snapshot(out)
    assert rows(out, "manifest") == in_manifest_order(expected, shards=3)
    assert {path: data for path, data in contents.items() if path.endswith(".jpg")} == files
    assert contents.keys() - files.keys() == {
        *("manifest-00000-of-00001.jsonl", "failures-00000-of-00001.jsonl", "summary.json"),
        *("64/metadata.jsonl", "40/metadata.jsonl", "README.md", "croissant.json", "SHA256SUMS"),
    }
    assert contents["failures-00000-of-00001.jsonl"] == b""
    assert json.loads(contents["summary.json"])["images"]["written"] == 7


def test_layout_webdataset(make: Make, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "my photos", 8)
    out = tmp_path / "out"
    make("-i", source, "-o", out, "-s", 50, "-ext", "png", "--layout", "webdataset", "--images_per_shard", 3, "--exact")

    expected: list[Row] = []
    members: dict[str, dict[str, bytes]] = {f"train-{number:05d}-of-00003.tar": {} for number in range(3)}
    for path, data in sources_of(source):
        key = path.removesuffix(".jpg")
        archive = f"train-{shard_index(key, 3):05d}-of-00003.tar"
        output = plain_resize(data, 50, "PNG")[0]
        row = written_row(key, path, data, 50, f"{archive}/{key}.png", output)
        expected.append(row)
        sample = {name: value for name, value in row.items() if name not in ("path", "status", "reason")}
        members[archive] |= {f"{key}.png": output, f"{key}.json": json.dumps(sample, separators=(",", ":")).encode()}
    assert rows(out, "manifest") == in_manifest_order(expected, shards=3)
    assert {path.name for path in out.glob("*.tar")} == set(members)
    for archive, contents in members.items():
        read = members_of(out / archive)
        assert list(read) == sorted(contents, key=lambda name: name.rsplit(".", 1)[0])
        assert read == contents


def test_the_webdataset_library_loads_the_archives(make: Make, tmp_path: Path) -> None:
    source = write_tree(
        tmp_path / "in", {"a.b.jpg": jpeg(1, (60, 40)), "ü/__c.jpg": jpeg(2, (60, 40)), "%.jpg": jpeg(3, (9, 9))}
    )
    make("-i", source, "-o", tmp_path / "out", "-s", 20, "--layout", "webdataset", "--split", "train")
    samples = list(webdataset.WebDataset(str(tmp_path / "out" / "train-00000-of-00001.tar"), shardshuffle=False))
    by_key = {row["key"]: row for row in rows(tmp_path / "out", "manifest")}
    assert {sample["__key__"] for sample in samples} == {"a%2Eb", "ü/%5F%5Fc", "%25"}
    for sample in samples:
        row = json.loads(sample["json"])
        assert sha256(sample["jpg"]) == row["sha256"] == by_key[row["key"]]["sha256"]
        assert Image.open(io.BytesIO(sample["jpg"])).size == (row["width"], row["height"])


def test_a_shard_without_images_is_an_empty_archive(make: Make, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 4)
    make("-i", source, "-o", tmp_path / "out", "-s", 20, "--layout", "webdataset", "--images_per_shard", 1)
    sizes = {path.name: len(members_of(path)) for path in (tmp_path / "out").glob("*.tar")}
    filled = {shard_index(path.removesuffix(".jpg"), 4) for path, _ in sources_of(source)}
    assert sorted(sizes) == [f"train-{number:05d}-of-00004.tar" for number in range(4)]
    assert {number for number in range(4) if sizes[f"train-{number:05d}-of-00004.tar"]} == filled


def of_parquet(path: Path) -> list[Row]:
    """Return the rows of a Parquet file, with the image in two columns."""
    read = pq.read_table(path).to_pylist()
    return [{**row, "member": row["image"]["path"], "image": row["image"]["bytes"]} for row in read]


def of_tfrecord(path: Path) -> list[Row]:
    """Return the columns of the manifest in a TFRecord file, with the image and its name."""
    samples = []
    for named in examples(path.read_bytes()):
        row = {key.removeprefix("manifest/"): plain(key, values) for key, values in named.items()}
        samples.append({key: value for key, value in row.items() if not key.startswith("image/")})
        samples[-1] |= {"image": named["image/encoded"][0], "member": named["image/filename"][0].decode()}
    return samples


def plain(key: str, values: list[Any]) -> Any:
    """Convert a feature to the value of the manifest column `key`."""
    values = [value.decode() if isinstance(value, bytes) and key != "image/encoded" else value for value in values]
    return values if key in ("manifest/source_box", "manifest/output_box", "manifest/notes") else values[0]


@pytest.mark.parametrize(("layout", "read"), [("parquet", of_parquet), ("tfrecord", of_tfrecord)])
def test_samples_of_parquet_and_tfrecord_are_those_of_the_manifest(
    make: Make, tmp_path: Path, layout: str, read: Callable[[Path], list[Row]]
) -> None:
    """The input has names of every kind, two sizes, a shard without images, and a failure."""
    names = ["a.b.jpg", "ü/__c.jpg", "%.jpg", "new\nline.jpg", os.fsdecode(b"caf\xe9.jpg")]
    source = write_tree(tmp_path / "in", {name: jpeg(number, (60, 40)) for number, name in enumerate(names)})
    turned = Image.Exif()
    turned[0x0112] = 6
    write_tree(source, {"turned.jpg": jpeg(9, (31, 40), exif=turned), "broken.jpg": b"no image"})
    out = tmp_path / "out"
    make("-i", source, "-o", out, "-s", 40, 20, "--layout", layout, "--images_per_shard", 1)
    manifest = rows(out, "manifest")
    assert [row["source"] for row in manifest if row["status"] == "failed"] == ["broken.jpg"] * 2
    archives = [f"{size}/train-{number:05d}-of-00007.{layout}" for size in (20, 40) for number in range(7)]
    assert sorted(str(path.relative_to(out)) for path in out.rglob(f"*.{layout}")) == archives
    tables = {path: read(out / path) for path in archives}
    assert [] in tables.values()
    samples = {f"{path}/{row.pop('member')}": row for path, table in tables.items() for row in table}
    written = {row["path"]: row for row in manifest if row["status"] == "written"}
    assert samples.keys() == written.keys()
    assert len(samples) == 12
    for path, row in samples.items():
        image = row.pop("image")
        assert sha256(image) == row["sha256"] == written[path]["sha256"]
        assert Image.open(io.BytesIO(image)).size == (row["width"], row["height"])
        columns = {name: value for name, value in written[path].items() if name not in ("path", "status", "reason")}
        assert row == {**columns, "key": as_text(columns["key"]), "source": as_text(columns["source"])}
    assert {tuple(row["notes"]) for row in samples.values()} == {(), ("exif-orientation",)}


def as_text(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize("layout", ARCHIVES)
def test_shards_jsonl_describes_every_archive(make: Make, tmp_path: Path, layout: str) -> None:
    """The input has two splits, two sizes, shards without images, and a failed image."""
    photo_tree(tmp_path / "a", 4)
    write_tree(photo_tree(tmp_path / "b", 3), {"broken.jpg": b"no image"})
    extension = {"webdataset": "tar"}.get(layout, layout)
    out = tmp_path / "out"
    inputs = ("-i", tmp_path / "a", tmp_path / "b", "-s", 30, 20, "-ext", "jpg")
    make(*inputs, "-o", out, "--layout", layout, "--images_per_shard", 1)
    written = Counter(row["path"].rsplit(f".{extension}/")[0] for row in rows(out, "manifest") if row["path"])
    expected: list[Row] = []
    for split in ("a", "b"):
        for number in range(4):
            for size in (30, 20):
                path = f"{size}/{split}-{number:05d}-of-00004"
                data = (out / f"{path}.{extension}").read_bytes()
                expected.append(
                    {
                        "path": f"{path}.{extension}",
                        "split": split,
                        "size": size,
                        "samples": written[path],
                        "bytes": len(data),
                        "sha256": sha256(data),
                    }
                )
    table = out / "shards.jsonl"
    assert [json.loads(line) for line in table.read_bytes().splitlines()] == expected
    assert sum(row["samples"] for row in expected) == 14
    assert 0 in {row["samples"] for row in expected}

    before = snapshot(out)
    table.unlink()
    again = (*inputs, "-o", out, "--layout", layout, "--images_per_shard", 1)
    assert make(*again, "--verify", expect=1)[0] == "'shards.jsonl' is missing"
    make(*again)
    assert snapshot(out) == before


def test_layout_files_has_no_shards_jsonl(make: Make, photos: Path, tmp_path: Path) -> None:
    make("-i", photos, "-o", tmp_path / "out", "-s", 16)
    assert not (tmp_path / "out" / "shards.jsonl").exists()
    write_tree(tmp_path / "out", {"shards.jsonl": b"mine"})
    make("-i", photos, "-o", tmp_path / "out", "-s", 12, "--overwrite")
    assert (tmp_path / "out" / "shards.jsonl").read_bytes() == b"mine"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_bytes_for_any_number_of_threads_and_on_other_runners(make: Make, tmp_path: Path, layout: str) -> None:
    source = photo_tree(tmp_path / "in", 10)
    (source / "broken.jpg").write_bytes(b"no image")
    snapshots = []
    for number, flags in enumerate((["-j", "1"], ["-j", "5"], ["--runner", "BundleBasedDirectRunner"])):
        out = tmp_path / f"out{number}"
        make("-i", source, "-o", out, "-s", 48, 24, "--layout", layout, "--images_per_shard", 2, *flags)
        assert not (out / ".run").exists()
        snapshots.append(snapshot(out))
    assert snapshots[0] == snapshots[1] == snapshots[2]


DEFAULT_SETTINGS = {
    "split": ["train"],
    "size": [32],
    "layout": "files",
    "any_name": False,
    "images_per_shard": 100,
    "orientation": "exif",
    "fit": "contain",
    "pad_color": "#ffffff",
    "mode": "RGB",
    "background": "#ffffff",
    "color": "keep-numbers",
    "depth_range": "full",
    "truncated": "fail",
    "check_jpeg": False,
    "max_pixels": 178_956_970,
    "extension": "jpg",
    "algorithm": "lanczos",
    "exact": False,
    "reducing_gap": 1.5,
    "only_shrink": False,
    "keep_small": False,
    "quality": None,
    "subsampling": None,
    "progressive": False,
    "lossless": False,
    "min_side": 1,
    "max_aspect": None,
    "sample": "1",
    "versions": library_versions(ResizeSpec()),
}


def upper_bound(length: int) -> str:
    """Return the next of 4, 5, 6 and 7 times a power of two."""
    return str(min(step * 2**power for step in (4, 5, 6, 7) for power in range(20) if step * 2**power >= length))


def test_summary_counts_everything(make: Make, tmp_path: Path) -> None:
    files = {"x.txt": b"", "y.TXT": b"", "README": b"", "bad.jpg": b"text", "a.jpg": jpeg(1, (90, 60))}
    files["gray.png"] = image_bytes(Image.new("L", (700, 70)), "PNG")
    source = write_tree(tmp_path / "in", files)
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 32, "-ext", "jpg")
    facts = summary(tmp_path / "out")
    written = [row for row in rows(tmp_path / "out", "manifest") if row["status"] == "written"]
    source_bytes = sum(row["source_bytes"] for row in rows(tmp_path / "out", "manifest"))
    output_bytes = sum(row["bytes"] for row in written)
    share = 100 * output_bytes / source_bytes
    assert facts == {
        "images": {"matched": 3, "written": 2, "failed": 1, "skipped": 0},
        "duplicates": 0,
        "splits": {
            "train": {
                "images": 3,
                "bytes": source_bytes,
                "outputs": {"32": {"images": 2, "bytes": output_bytes, "formats": {"jpg": 2}}},
            }
        },
        "source_bytes": source_bytes,
        "outputs": {"32": {"images": 2, "bytes": output_bytes, "formats": {"jpg": 2}}},
        "output_bytes": {"32": dict(sorted((upper_bound(row["bytes"]), 1) for row in written))},
        "enlarged": {"32": {"no": 2}},
        "failures": {"not-an-image": 1},
        "retry": 0,
        "skipped": {},
        "notes": {},
        "not_images": {"": 1, ".txt": 2},
        "system_files": 0,
        "unread": {"inputs": 0, "examples": []},
        "source_formats": {"JPEG": 1, "PNG": 1},
        "source_modes": {"L": 1, "RGB": 1},
        "source_longest_side": {"128": 1, "1024": 1},
        "source_aspect_ratio": {"1.5": 1, "10.0": 1},
        "settings": DEFAULT_SETTINGS,
    }
    assert shown[1:6] == [
        "3 images matched: 2 written, 1 failed, 0 skipped",
        "failed: 1 not-an-image",
        "  'bad.jpg': not-an-image: the content is not in an image format that can be read",
        "other files, not read: 2 .txt, 1 (no extension)",
        f"input: {amount(source_bytes)}; output: 32 px {amount(output_bytes)} ({share:.1f} %)",
    ]


def test_outputs_keep_odd_names(make: Make, tmp_path: Path) -> None:
    names = [
        "with space.jpg",
        "ünï/日本.jpg",
        "set[1]/a*b?.jpg",
        "new\nline.jpg",
        "-dash.jpg",
        "quo'\"te.jpg",
        os.fsdecode(b"caf\xe9.jpg"),
    ]
    source = tmp_path / "in [odd] *"
    write_tree(source, {name: jpeg(number, (30, 20)) for number, name in enumerate(names)})
    write_tree(tmp_path, {"in o/not ours.jpg": jpeg(1, (30, 20))})
    make("-i", source, "-o", tmp_path / "out", "-s", 16)
    manifest = rows(tmp_path / "out", "manifest")
    assert {row["source"] for row in manifest} == set(names)
    assert all((tmp_path / "out" / row["path"]).read_bytes() for row in manifest)
    assert {row["path"] for row in manifest} == set(names)


def test_an_output_has_the_extension_of_its_content(make: Make, tmp_path: Path) -> None:
    source = write_tree(
        tmp_path / "in", {"really-png.jpg": image_bytes(Image.new("RGB", (9, 9)), "PNG"), "a.JPEG": jpeg(1, (9, 9))}
    )
    make("-i", source, "-o", tmp_path / "out", "-s", 8)
    assert {row["path"] for row in rows(tmp_path / "out", "manifest")} == {"really-png.png", "a.jpg"}


def test_the_first_of_two_sources_with_one_output_name_is_written(make: Make, tmp_path: Path) -> None:
    files = {
        "a.jpg": b"broken",
        "a.png": image_bytes(Image.new("RGB", (9, 9), "red"), "PNG"),
        "a.webp": image_bytes(Image.new("RGB", (9, 9)), "WEBP"),
    }
    source = write_tree(tmp_path / "in", files)
    make("-i", source, "-o", tmp_path / "out", "-s", 8, "-ext", "jpg")
    assert [(row["source"], row["status"], row["reason"]) for row in rows(tmp_path / "out", "manifest")] == [
        ("a.jpg", "failed", "not-an-image"),
        ("a.png", "written", None),
        ("a.webp", "failed", "name-taken"),
    ]
    assert rows(tmp_path / "out", "failures")[1] == {
        "key": "a",
        "source": "a.webp",
        "stage": "name",
        "error": "name-taken",
        "message": "its output 'a.jpg' is also the output of 'a.png'",
    }
    red, green, blue = Image.open(tmp_path / "out" / "a.jpg").getpixel((4, 4))  # type: ignore[misc]  # three of RGB
    assert (red > 240, green < 20, blue < 20) == (True, True, True)


def test_an_output_with_the_name_of_a_folder_fails(make: Make, tmp_path: Path) -> None:
    png = image_bytes(Image.new("RGB", (20, 10)), "PNG")
    source = write_tree(tmp_path / "in", {"x/a.png": png, "x/a.jpg/b.png": png, "x/c.png": png})
    for sizes, folder in (((8,), ""), ((8, 4), "8/")):
        out = tmp_path / f"out{len(sizes)}"
        make("-i", source, "-o", out, "-s", *sizes, "-ext", "jpg")
        manifest = {row["source"]: row for row in rows(out, "manifest") if row["size"] == 8}
        assert {path: (row["status"], row["path"]) for path, row in manifest.items()} == {
            "x/a.png": ("failed", None),
            "x/a.jpg/b.png": ("written", f"{folder}x/a.jpg/b.jpg"),
            "x/c.png": ("written", f"{folder}x/c.jpg"),
        }
        (failure,) = rows(out, "failures")
        assert failure["message"] == "its output 'x/a.jpg' has the same name as a folder of the source"
    make("-i", source, "-o", tmp_path / "tar", "-s", 8, "-ext", "jpg", "--layout", "webdataset")
    assert rows(tmp_path / "tar", "failures") == []


def test_an_output_name_that_is_too_long_fails(make: Make, tmp_path: Path) -> None:
    name = "x" * 251 + ".bmp"
    source = write_tree(tmp_path / "in", {name: image_bytes(Image.new("RGB", (9, 9)), "BMP"), "a.jpg": jpeg(1, (9, 9))})
    make("-i", source, "-o", tmp_path / "out", "-s", 8, "-ext", "webp")
    (failure,) = rows(tmp_path / "out", "failures")
    assert (failure["source"], failure["error"]) == (name, "name-too-long")
    assert failure["message"] == "the name of its output has more than 255 bytes"


def test_no_output_is_written_into_the_run_folder(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {".run/tmp/a.jpg": jpeg(1, (9, 9)), "b.jpg": jpeg(2, (9, 9))})
    make("-i", source, "-o", tmp_path / "one", "-s", 8)
    make("-i", source, "-o", tmp_path / "two", "-s", 8, 4)
    assert [(row["source"], row["error"]) for row in rows(tmp_path / "one", "failures")] == [
        (".run/tmp/a.jpg", "name-unusable")
    ]
    assert rows(tmp_path / "two", "failures") == []
    assert (tmp_path / "two" / "8" / ".run" / "tmp" / "a.jpg").is_file()


def test_several_inputs_become_splits(make: Make, tmp_path: Path) -> None:
    train, validation = photo_tree(tmp_path / "train", 5), photo_tree(tmp_path / "validation", 2)
    make("-i", train, validation, "-o", tmp_path / "out", "-s", 16, "--images_per_shard", 2)
    manifest = rows(tmp_path / "out", "manifest")
    expected = [f"{folder.name}/{path}" for folder in (train, validation) for path, _ in sources_of(folder)]
    assert sorted(row["source"] for row in manifest) == sorted(expected)
    assert [row["key"].split("/")[0] for row in manifest] == ["train"] * 5 + ["validation"] * 2
    assert all((tmp_path / "out" / row["path"]).is_file() and row["path"] == row["source"] for row in manifest)
    assert sorted(markers(tmp_path / "out")) == [
        *(f"train-0000{number}-of-00003.jsonl" for number in range(3)),
        "validation-00000-of-00001.jsonl",
    ]
    assert {name: split["images"] for name, split in summary(tmp_path / "out")["splits"].items()} == {
        "train": 5,
        "validation": 2,
    }


def test_a_glob_pattern_selects_sources(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {name: jpeg(1, (9, 9)) for name in ("a1.jpg", "a2.png", "b1.jpg", "x/a3.jpg")})
    make("-i", source / "a*.jpg", "-o", tmp_path / "one", "-s", 8)
    make("-i", source / "**" / "a*.jpg", "-o", tmp_path / "two", "-s", 8)
    assert [row["source"] for row in rows(tmp_path / "one", "manifest")] == ["a1.jpg"]
    assert {row["source"] for row in rows(tmp_path / "two", "manifest")} == {"a1.jpg", "x/a3.jpg"}
    assert (tmp_path / "two" / "x" / "a3.jpg").is_file()


def test_a_double_star_also_matches_no_folder_for_archives_and_lists(make: Make, tmp_path: Path) -> None:
    files = {"one.tar": tar({"a.jpg": jpeg(1, (9, 9))}), "x/two.tar": tar({"b.jpg": jpeg(2, (9, 9))})}
    files |= {"one.txt": b"c.jpg\n", "x/two.txt": b"d.jpg\n", "c.jpg": jpeg(3, (9, 9)), "x/d.jpg": jpeg(4, (9, 9))}
    source = write_tree(tmp_path / "in", files)
    make("-i", source / "**" / "*.tar", "-o", tmp_path / "archives", "-s", 8)
    make("-i", source / "**" / "*.txt", "-o", tmp_path / "lists", "-s", 8)
    assert {row["source"] for row in rows(tmp_path / "archives", "manifest")} == {"a.jpg", "x/b.jpg"}
    assert {row["source"] for row in rows(tmp_path / "lists", "manifest")} == {"c.jpg", "d.jpg"}


@pytest.mark.parametrize(("pattern", "matched", "warns"), [("", 4, True), ("/**/*.jpg", 4, True), ("/*.jpg", 2, False)])
def test_a_dataset_in_the_input_is_reported(
    make: Make, tmp_path: Path, pattern: str, matched: int, warns: bool
) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (30, 20)), "b.jpg": jpeg(2, (30, 20))})
    for _ in range(2):  # the OUT of this run is not a source
        shown = make("-i", f"{source}{pattern}", "-o", source / "small", "-s", 8)
        assert "2 images matched: 2 written, 0 failed, 0 skipped" in shown
        assert not any("is a dataset" in line for line in shown)
    shown = make("-i", f"{source}{pattern}", "-o", source / "medium", "-s", 16)
    assert f"{matched} images matched: {matched} written, 0 failed, 0 skipped" in shown
    line = (
        f"{str(source / 'small')!r} is a dataset of an earlier run: its images are used as sources, too; to leave them "
        "out, move it out of the input"
    )
    assert (line in shown) == warns
    assert not any("could not be read" in line for line in shown)
    shown = make("-i", source / "small", "-o", tmp_path / "out", "-s", 4)  # the input itself may be a dataset
    assert "2 images matched: 2 written, 0 failed, 0 skipped" in shown
    assert not any("is a dataset" in line for line in shown)


def test_a_dataset_of_which_no_file_is_a_source_is_not_reported(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (30, 20)), "small.jpg": jpeg(2, (30, 20))})
    make("-i", source, "-o", source / "small", "-s", 8, "--layout", "parquet")
    make("-i", source / "a.jpg", "-o", source / "webp", "-s", 8, "-ext", "webp")
    shown = make("-i", f"{source}/**/*.jpg", "-o", tmp_path / "out", "-s", 16)
    assert "2 images matched: 2 written, 0 failed, 0 skipped" in shown
    assert not any("is a dataset" in line for line in shown)
    shown = make("-i", source, "-o", tmp_path / "all", "-s", 16)
    assert [line.partition(" is a dataset")[0] for line in shown if "is a dataset" in line] == [repr(f"{source}/webp")]


def test_files_below_out_are_not_read(make: Make, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 3)
    make("-i", source, "-o", source / "small", "-s", 16)
    first = snapshot(source / "small")
    make("-i", source, "-o", source / "small", "-s", 16)
    assert len(rows(source / "small", "manifest")) == 3
    assert snapshot(source / "small") == first


def test_links_to_the_input_and_to_out_are_resolved(make: Make, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 3)
    (tmp_path / "alias").symlink_to(source)
    out = tmp_path / "alias" / "small"
    for _ in range(2):
        make("-i", tmp_path / "alias", "-o", out, "-s", 16, "--layout", "webdataset")
    make("-i", source, "-o", source / "small", "-s", 16, "--layout", "webdataset")
    assert len(rows(out, "manifest")) == 3
    assert (source / "small" / "train-00000-of-00001.tar").is_file()


def test_the_command_of_the_old_script_works(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    photo_tree(Path("data/train"), 3)
    make(*["-i", "data/train", "-o", "output/train", "-j", "4", "-ext", "jpg", "-a", "lanczos", "-s", "512"])
    assert Image.open("output/train/p000.jpg").size == (512, 341)
    assert Image.open("output/train/deep/er/p002.jpg").size == (512, 341)


def test_filters_skip_images_with_a_reason(make: Make, tmp_path: Path) -> None:
    sizes = {"small.jpg": (30, 19), "wide.jpg": (90, 20), "good.jpg": (40, 30), "broken.jpg": None}
    files = {name: jpeg(1, size) if size else b"no image" for name, size in sizes.items()}
    source = write_tree(tmp_path / "in", files)
    flags = ("-s", 16, 8, "--min_side", 20, "--max_aspect", 3)
    shown = make("-i", source, "-o", tmp_path / "out", *flags, "--layout", "webdataset")
    assert "4 images matched: 1 written, 1 failed, 2 skipped" in shown
    assert "skipped: 1 max-aspect, 1 min-side" in shown
    assert {(row["source"], row["status"], row["reason"]) for row in rows(tmp_path / "out", "manifest")} == {
        ("small.jpg", "skipped", "min-side"),
        ("wide.jpg", "skipped", "max-aspect"),
        ("good.jpg", "written", None),
        ("broken.jpg", "failed", "not-an-image"),
    }
    assert list(members_of(tmp_path / "out" / "16" / "train-00000-of-00001.tar")) == ["good.jpg", "good.json"]


def test_a_sample_is_the_same_in_every_run_and_part_of_a_larger_one(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {f"{number}.jpg": jpeg(1, (9, 9)) for number in range(40)})
    samples = []
    for number, share in enumerate(("1/4", "0.25", "1/2")):
        make("-i", source, "-o", tmp_path / f"out{number}", "-s", 8, "--sample", share)
        manifest = rows(tmp_path / f"out{number}", "manifest")
        assert {row["reason"] for row in manifest if row["status"] == "skipped"} == {"sample"}
        assert all(row["source_bytes"] is None for row in manifest if row["status"] == "skipped")
        samples.append({row["source"] for row in manifest if row["status"] == "written"})
    assert samples[0] == samples[1] < samples[2] < {path for path, _ in sources_of(source)}
