"""A run continues another one, and leaves committed shards unchanged."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.pipeline.conftest import Make
from tests.support import ROOT, image_bytes, jpeg, photo_tree, rows, snapshot, write_tree
from tests.support.state import markers, state_of
from transforms.layouts import LAYOUTS
from transforms.model.keys import shard_index

pytestmark = pytest.mark.slow


def start(*args: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(ROOT / "image_resizer.py"), *map(str, args)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_for_markers(out: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        folder = out / ".run" / "shards"
        if folder.is_dir() and len(list(folder.iterdir())) >= count:
            return
        time.sleep(0.005)
    raise AssertionError(f"no {count} markers in a minute")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photographs for thirty shards, which take some seconds to process."""
    folder = tmp_path_factory.mktemp("in") / "many"
    data = [jpeg(seed, (1500, 1000)) for seed in range(4)]
    return write_tree(folder, {f"p{number:03d}.jpg": data[number % 4] for number in range(150)})


@pytest.mark.parametrize(
    ("number", "code", "layout"),
    [  # each layout once; test_kill covers other combinations
        (signal.SIGINT, 130, "files"),
        (signal.SIGTERM, 143, "webdataset"),
        (signal.SIGKILL, -9, "parquet"),
        (signal.SIGKILL, -9, "tfrecord"),
    ],
)
def test_a_run_that_was_ended_is_continued(
    make: Make, many: Path, tmp_path: Path, number: int, code: int, layout: str
) -> None:
    out = tmp_path / "out"
    args = ("-i", many, "-o", out, "-s", 200, "--layout", layout, "--images_per_shard", 5, "-j", 2)
    process = start(*args)
    wait_for_markers(out, 3)
    process.send_signal(number)
    shown = process.communicate(timeout=30)[1]
    assert process.returncode == code
    assert not (out / "summary.json").exists()
    committed = markers(out)
    assert 3 <= len(committed) < 30
    if code > 0:
        assert f"stopped by {signal.Signals(number).name}; " in shown
        assert "committed: run the same command again to continue" in shown
        assert "Traceback" not in shown

    shown = " ".join(make(*args))
    assert {name: at for name, at in markers(out).items() if name in committed} == committed
    assert not (out / ".run").exists()
    assert (
        f"{sum(json.loads(line)['matched'] for line in receipts_of_committed(out))} were already committed"
        in shown.replace(",", "")
    )

    make(*args[:3], tmp_path / "whole", *args[4:])
    assert snapshot(out) == snapshot(tmp_path / "whole")


def receipts_of_committed(out: Path) -> list[str]:
    """Return the last run's receipts for shards that were committed before it."""
    (receipts,) = (state_of(out) / "receipts").iterdir()
    return [line for line in receipts.read_text().splitlines() if not json.loads(line)["again"]]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_second_run_reads_no_image(make: Make, photos: Path, tmp_path: Path, layout: str) -> None:
    source = write_tree(tmp_path / "in", {path.name: path.read_bytes() for path in photos.glob("*.jpg")})
    args = ("-i", source, "-o", tmp_path / "out", "-s", 32, "--layout", layout)
    make(*args)
    first, at = snapshot(tmp_path / "out"), markers(tmp_path / "out")
    for path in source.iterdir():  # the files are no longer images, but the listing is unchanged
        status = path.stat()
        path.write_bytes(b"\0" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    shown = make(*args)
    assert shown[:2] == [
        f"continuing the dataset in {tmp_path / 'out'}",
        "nothing to do: all 6 images were already committed, and none was read",
    ]
    assert (snapshot(tmp_path / "out"), markers(tmp_path / "out")) == (first, at)


def test_only_the_shard_of_a_lost_marker_is_made_again(make: Make, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ("-i", photos, "-o", out, "-s", 32, "--images_per_shard", 2)
    make(*args)
    first, at = snapshot(out), markers(out)
    (state_of(out) / "shards" / "train-00002-of-00005.jsonl").unlink()
    make(*args)
    assert snapshot(out) == first
    assert [name for name, when in markers(out).items() if when != at[name]] == ["train-00002-of-00005.jsonl"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_the_shards_of_changed_sources_are_made_again(make: Make, tmp_path: Path, layout: str) -> None:
    source = photo_tree(tmp_path / "photos", 9)
    out = tmp_path / "out"
    args = ("-o", out, "-s", 32, "--images_per_shard", 2, "--layout", layout)
    make("-i", source, *args)
    at = markers(out)
    (source / "p000.jpg").unlink()
    (source / "p001.jpg").write_bytes(jpeg(77, (90, 80)))
    write_tree(source, {"later/new.jpg": jpeg(78, (80, 90))})
    make("-i", source, *args)
    changed = {f"train-{shard_index(key, 5):05d}-of-00005.jsonl" for key in ("p000", "p001", "later/new")}
    assert {name for name, when in markers(out).items() if when != at[name]} == changed

    fresh = tmp_path / "fresh"
    make("-i", source, "-o", fresh, *args[2:])
    assert snapshot(out) == snapshot(fresh)
    assert {row["source"] for row in rows(out, "manifest")} >= {"later/new.jpg", "p001.jpg"}


def test_an_unreadable_image_is_candidate_again(make: Make, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 6)
    (source / "sick.jpg").symlink_to("/proc/self/mem")  # reading it is an I/O error
    out = tmp_path / "out"
    args = ("-i", source, "-o", out, "-s", 16, "--images_per_shard", 2)
    shown = make(*args)
    assert "failed, to be retried by the next run: 1" in shown
    (failure,) = rows(out, "failures")
    assert (failure["source"], failure["stage"], failure["error"]) == ("sick.jpg", "read", "unreadable")
    assert failure["message"] == "the file cannot be read: Input/output error"
    first, at = snapshot(out), markers(out)
    make(*args)
    again = {name for name, when in markers(out).items() if when != at[name]}
    assert again == {f"train-{shard_index('sick', 4):05d}-of-00004.jsonl"}
    assert snapshot(out) == first
    (source / "sick.jpg").unlink()
    write_tree(source, {"sick.jpg": jpeg(9, (30, 20))})
    make(*args)
    assert rows(out, "failures") == []
    assert (out / "sick.jpg").is_file()


def test_other_settings_on_the_same_out_are_refused(make: Make, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make("-i", photos, "-o", out, "-s", 32)
    first = snapshot(out)
    changed: list[tuple[list[object], str]] = [
        (["-s", 33], "with --size [32], but this run is with --size [33]"),
        (["-s", 32, 16], "with --size [32], but this run is with --size [32, 16]"),
        (["-s", 32, "-ext", "png"], "without --extension, but this run is with --extension 'png'"),
        (["-s", 32, "-a", "box"], "with --algorithm 'lanczos', but this run is with --algorithm 'box'"),
        (["-s", 32, "--exact"], "without --exact, but this run is with --exact"),
        (["-s", 32, "--layout", "webdataset"], "with --layout 'files', but this run is with --layout 'webdataset'"),
        (["-s", 32, "--mode", "keep"], "with --mode 'RGB', but this run is with --mode 'keep'"),
        (["-s", 32, "--quality", 60], "without --quality, but this run is with --quality 60"),
        (["-s", 32, "--split", "x"], "with --split ['train'], but this run is with --split ['x']"),
    ]
    for flags, difference in changed:
        (shown,) = make("-i", photos, "-o", out, *flags, expect=2)
        assert f"image_resizer: {str(out)!r} holds a dataset made {difference}" in shown
        assert shown.endswith(": use the same settings, use another -o, or start over with --overwrite")
    assert snapshot(out) == first
    make("-i", photos, "-o", out, "-s", 32, "-j", 7, "--memory", "100M", "-v", 5, "--log_level", "error")


@pytest.mark.parametrize(("library", "layout"), [("pillow", "files"), ("pyarrow", "parquet")])
def test_another_version_of_a_library_is_refused(
    make: Make, photos: Path, tmp_path: Path, library: str, layout: str
) -> None:
    out = tmp_path / "out"
    args = ("-i", photos, "-o", out, "-s", 32, "--layout", layout)
    make(*args)
    config = state_of(out) / "config.json"
    plan = json.loads(config.read_text())
    now = plan["settings"]["versions"][library]
    plan["settings"]["versions"][library] = "9.9"
    config.write_text(json.dumps(plan))
    (shown,) = make(*args, expect=2)
    assert f"made with {library} '9.9', but this run is with {library} {now!r}" in shown


def change_settings(out: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the settings in the plan of a dataset."""
    config = state_of(out) / "config.json"
    plan = json.loads(config.read_text())
    change(plan["settings"])
    config.write_text(json.dumps(plan))


def test_a_dataset_with_the_old_resampler_pillow_is_continued(make: Make, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ("-i", photos, "-o", out, "-s", 32)
    make(*args)
    complete = snapshot(out)
    change_settings(out, lambda settings: settings.update(resampler="pillow"))
    assert any("nothing to do: all " in line for line in make(*args))
    assert snapshot(out) == complete


def test_a_dataset_without_a_setting_of_today_is_continued_at_its_default(
    make: Make, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    args = ("-i", photos, "-o", out, "-s", 32)
    make(*args)
    complete = snapshot(out)
    change_settings(out, lambda settings: settings.pop("keep_small"))
    assert any("nothing to do: all " in line for line in make(*args))
    assert snapshot(out) == complete
    (shown,) = make(*args, "--keep_small", expect=2)
    assert "holds a dataset made without --keep_small, but this run is with --keep_small" in shown


@pytest.mark.parametrize(
    "change",
    [
        lambda settings: settings.update(resampler="simd"),
        lambda settings: settings["versions"].update({"cykooz-resizer": "4.0.1"}),
    ],
    ids=["setting", "version"],
)
def test_a_dataset_made_with_simd_is_refused(
    make: Make, photos: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    out = tmp_path / "out"
    args = ("-i", photos, "-o", out, "-s", 32)
    make(*args)
    complete = snapshot(out)
    change_settings(out, change)
    assert make(*args, expect=2) == [
        f"image_resizer: {str(out)!r} holds a dataset made with --resampler simd, which no longer exists, so its "
        "images cannot be recreated: use another -o, or start over with --overwrite"
    ]
    assert snapshot(out) == complete
    make(*args, "--overwrite")
    assert "resampler" not in json.loads((state_of(out) / "config.json").read_text())["settings"]
    assert snapshot(out) == complete


def test_overwrite_deletes_only_what_the_dataset_wrote(make: Make, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make("-i", photos, "-o", out, "-s", 32, 16, "--images_per_shard", 2)
    write_tree(out, {"notes.txt": b"mine", "32/mine.jpg": b"mine too"})
    make("-i", photos, "-o", out, "-s", 24, "--layout", "webdataset", "--overwrite")
    fresh = tmp_path / "fresh"
    make("-i", photos, "-o", fresh, "-s", 24, "--layout", "webdataset")
    assert snapshot(out) == {**snapshot(fresh), "notes.txt": b"mine", "32/mine.jpg": b"mine too"}
    assert sorted(path.name for path in out.rglob("*") if path.is_dir()) == ["32"]


def test_overwrite_deletes_the_table_of_archives(make: Make, photos: Path, tmp_path: Path) -> None:
    make("-i", photos, "-o", tmp_path / "out", "-s", 16, "--layout", "webdataset")
    make("-i", photos, "-o", tmp_path / "out", "-s", 16, "--overwrite")
    make("-i", photos, "-o", tmp_path / "fresh", "-s", 16)
    assert snapshot(tmp_path / "out") == snapshot(tmp_path / "fresh")


def test_overwrite_with_an_empty_input_keeps_the_dataset(make: Make, photos: Path, tmp_path: Path) -> None:
    make("-i", photos, "-o", tmp_path / "out", "-s", 32)
    first = snapshot(tmp_path / "out")
    (tmp_path / "empty").mkdir()
    make("-i", tmp_path / "empty", "-o", tmp_path / "out", "-s", 32, "--overwrite", expect=2)
    assert snapshot(tmp_path / "out") == first


def test_a_folder_with_other_files_is_left_alone(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": image_bytes(Image.new("RGB", (9, 9)), "JPEG")})
    out = write_tree(tmp_path / "out", {"thesis.doc": b"irreplaceable", ".hidden": b""})
    for flags in ([], ["--overwrite"]):
        (shown,) = make("-i", source, "-o", out, *flags, expect=2)
        assert shown == (
            f"image_resizer: -o {str(out)!r} contains files that do not belong to a dataset, such as 'thesis.doc': use "
            "an empty or new folder"
        )
    assert snapshot(out) == {"thesis.doc": b"irreplaceable", ".hidden": b""}
    (out / "thesis.doc").unlink()
    make("-i", source, "-o", out)


def test_a_dataset_without_its_state_is_left_alone(make: Make, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make("-i", photos, "-o", out, "-s", 16)
    (out / ".run.sqlite").rename(tmp_path / "state")
    files = snapshot(out)
    for flags in ([], ["--overwrite"], ["--verify"]):
        (shown,) = make("-i", photos, "-o", out, "-s", 16, *flags, expect=2)
        assert shown == (
            f"image_resizer: -o {str(out)!r} contains a dataset without its state, so no run can continue or delete "
            "it: copy the hidden .run.sqlite or .run of the dataset there, or use an empty or new folder"
        )
    assert snapshot(out) == files
    (tmp_path / "state").rename(out / ".run.sqlite")
    assert "nothing to do: all 9 images were already committed, and none was read" in "".join(
        make("-i", photos, "-o", out, "-s", 16)
    )


def test_the_log_may_lie_in_out(make: Make, photos: Path, tmp_path: Path) -> None:
    for _ in range(2):
        make("-i", photos, "-o", tmp_path / "out", "-s", 16, "-l", tmp_path / "out" / "run.log")
    assert (tmp_path / "out" / "run.log").read_text().count("9 images matched") == 2


def test_an_unusable_out_or_log_is_refused(make: Make, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"a file")
    assert make("-i", photos, "-o", out, expect=2) == [
        f"image_resizer: -o {str(out)!r} is not a folder: use a folder to write the dataset to"
    ]
    assert out.read_bytes() == b"a file"
    assert make("-i", photos, "-o", tmp_path / "new", "-l", tmp_path, expect=2) == [
        f"image_resizer: -l {str(tmp_path)!r} cannot be written: Is a directory; check the path and its permissions"
    ]
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("text", [b"{", b'{"shards": {"photos": 1}}'])
def test_a_damaged_plan_is_refused(make: Make, photos: Path, tmp_path: Path, text: bytes) -> None:
    write_tree(tmp_path / "out", {"a.jpg": b"mine", ".run/config.json": text})
    (shown,) = make("-i", photos, "-o", tmp_path / "out", expect=2)
    assert shown.startswith(f"image_resizer: '{tmp_path}/out/.run/config.json' is damaged (")
    assert shown.endswith(f"): use another -o, or delete the folder {str(tmp_path / 'out')!r} to start over")
    assert snapshot(tmp_path / "out") == {"a.jpg": b"mine"}
