"""The messages and exit codes of runs."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import PipelineRunner

from pipeline.cli.options import parse
from pipeline.graph import build
from tests.pipeline.conftest import Make
from tests.support import ROOT, jpeg, photo_tree, rows, run, snapshot, write_tree
from tests.support.state import state_of
from transforms.imaging import resample
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow


def broken_tree(folder: Path, good: int, bad: int) -> Path:
    photo_tree(folder, good, size=(30, 20))
    return write_tree(folder, {f"bad{number}.jpg": b"no image" for number in range(bad)})


def test_failures_do_not_end_a_run(make: Make, tmp_path: Path) -> None:
    shown = make("-i", broken_tree(tmp_path / "in", 4, 2), "-o", tmp_path / "out", "-s", 8)
    assert "6 images matched: 4 written, 2 failed, 0 skipped" in shown
    assert {row["source"]: row["error"] for row in rows(tmp_path / "out", "failures")} == {
        "bad0.jpg": "not-an-image",
        "bad1.jpg": "not-an-image",
    }
    assert [row["status"] for row in rows(tmp_path / "out", "manifest")].count("failed") == 2


@pytest.mark.parametrize("limit", ["2", "34%"])
def test_as_many_failures_as_allowed_end_well(make: Make, tmp_path: Path, limit: str) -> None:
    source = broken_tree(tmp_path / "in", 4, 2)
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 8, "--max_failures", limit)
    assert "--max_failures" not in " ".join(shown)


@pytest.mark.parametrize("limit", ["1", "33%"])
def test_more_failures_than_allowed_end_with_code_1(tmp_path: Path, limit: str) -> None:
    source = broken_tree(tmp_path / "in", 4, 2)
    done = run("-i", source, "-o", tmp_path / "out", "-s", 8, "--max_failures", limit)
    assert done.returncode == 1, done.stderr
    assert f"2 images failed, more than --max_failures {limit}" in done.stderr
    assert "Traceback" not in done.stderr


def test_max_failures_stops_a_run_that_can_be_continued(tmp_path: Path) -> None:
    source = broken_tree(tmp_path / "in", 0, 3)
    data = jpeg(1, (2400, 1600))
    write_tree(source, {f"p{number:03d}.jpg": data for number in range(120)})
    args = ("-i", source, "-o", tmp_path / "out", "-s", 8, "--images_per_shard", 123)
    done = run(*args, "--max_failures", 1, "-j", 2)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    advice = "0 of 123 images committed: use a larger limit to continue"
    assert re.search(rf"stopped: [23] images failed, more than --max_failures 1; {advice}", done.stderr)
    assert not (tmp_path / "out" / "summary.json").exists()
    advice = "nothing new committed: use a larger limit to continue"
    assert f"more than --max_failures 1; {advice}" in run(*args, "--max_failures", 1, "-j", 2).stderr
    assert run(*args).returncode == 0
    assert len(rows(tmp_path / "out", "manifest")) == 123


def test_lines_in_the_log(make: Make, photos: Path, tmp_path: Path) -> None:
    shown = make("-i", photos, "-o", tmp_path / "out", "-s", 8, "-v", 3, "-l", tmp_path / "logs" / "x.log", "-j", 1)
    lines = [line for line in shown if " of 9 images" in line]
    assert lines
    pace = r"[\d,.]+ images/s, ([\d.]+ (s|min) left|time left unknown)"  # unknown until an image is done
    assert [line for line in lines if not re.fullmatch(rf"\d of 9 images \(\d+ %\), {pace}, 0 failed", line)] == []
    logged = (tmp_path / "logs" / "x.log").read_text().splitlines()
    assert [line.split(" | ")[-1] for line in logged] == shown


def test_beam_is_silent_unless_debugging(photos: Path, tmp_path: Path) -> None:
    quiet = run("-i", photos, "-o", tmp_path / "out", "-s", 8)
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| INFO ", line) for line in quiet.stderr.splitlines())
    loud = run("-i", photos, "-o", tmp_path / "out2", "-s", 8, "--log_level", "debug")
    assert "apache_beam" in loud.stderr
    assert "apache_beam" not in quiet.stderr


def test_a_quiet_run_says_nothing_but_problems(tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 3)
    done = run("-i", source, "-o", tmp_path / "out", "-s", 8, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (source / "gone.jpg").symlink_to(tmp_path / "nowhere")
    write_tree(source, {"bad.jpg": b""})
    flags = ("-q", "-l", tmp_path / "log", "--max_failures", 0)
    done = run("-i", source, "-o", tmp_path / "out", "-s", 8, *flags)
    assert done.returncode == 1
    warning, error = (line.split(" | ", 1)[1] for line in done.stderr.splitlines())
    assert warning == f"WARNING | {str(source / 'gone.jpg')!r} is a broken link: skipped"
    assert error.startswith("ERROR   | stopped: 1 image failed, more than --max_failures 0; ") or (
        error == "ERROR   | 1 image failed, more than --max_failures 0"
    )
    assert f"continuing the dataset in {tmp_path / 'out'}" in (tmp_path / "log").read_text()


def test_a_quiet_run_has_no_bar(tmp_path: Path) -> None:
    assert on_a_terminal("-i", photo_tree(tmp_path / "in", 3), "-o", tmp_path / "out", "-s", 8, "-q") == ""


def on_a_terminal(*flags: object) -> str:
    """Run the command with a terminal as its standard error, check that it succeeds, and return its output."""
    screen, terminal = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    command = [sys.executable, str(ROOT / "image_resizer.py"), *map(str, flags)]
    process = subprocess.Popen(command, stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(screen, 65536)
        except OSError:  # the other end is closed
            break
    assert process.wait() == 0
    os.close(screen)
    return shown.decode()


def test_a_terminal_gets_a_progress_bar(tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 30, size=(400, 300))
    text = on_a_terminal("-i", source, "-o", tmp_path / "out", "-s", 256, "-v", 10, "-l", tmp_path / "log")
    assert re.search(r"100%\|█+\| 30/30 \[\d\d:\d\d<00:00, +[\d.]+ images/s, 0 failed\]", text)
    assert " of 30 images" not in text
    assert "30 of 30 images (100 %)" in (tmp_path / "log").read_text()


def test_links_that_the_listing_leaves_out_are_reported(make: Make, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 2)
    (source / "gone.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "elsewhere").mkdir()
    (source / "linked").symlink_to(tmp_path / "elsewhere")
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 8)
    assert f"{str(source / 'gone.jpg')!r} is a broken link: skipped" in shown
    assert (
        f"{str(source / 'linked')!r} is a link to a folder, and is not followed: pass that folder as a separate input"
        in shown
    )
    assert len(rows(tmp_path / "out", "manifest")) == 2


@pytest.mark.parametrize("runner", [{"bundle_repeat": 1}, {"use_state_iterables": True}])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_bundles_that_a_runner_repeats_or_streams_change_nothing(
    make: Make, photos: Path, tmp_path: Path, layout: str, runner: dict[str, Any]
) -> None:
    flags = ["-i", str(photos), "-s", "24", "12", "--layout", layout, "--images_per_shard", "2"]
    make(*flags, "-o", tmp_path / "once")
    options = parse([*flags, "-o", str(tmp_path / "twice")])
    (tmp_path / "twice" / ".run").mkdir(parents=True)  # the command creates it first
    pipeline = beam.Pipeline(FnApiRunner(**runner))
    build(pipeline, options.config, "run")
    pipeline.run().wait_until_finish()
    assert snapshot(tmp_path / "twice") == snapshot(tmp_path / "once")


def test_counters_agree_with_the_manifest(photos: Path, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {path.name: path.read_bytes() for path in photos.glob("*.jpg")})
    write_tree(source, {"bad.jpg": b"no image"})
    options = parse(["-i", str(source), "-o", str(tmp_path / "out"), "-s", "24", "12"])
    (tmp_path / "out" / ".run").mkdir(parents=True)
    pipeline = beam.Pipeline(FnApiRunner())
    build(pipeline, options.config, "run")
    result = pipeline.run()
    counters = {
        c.key.metric.name: c.result
        for c in result.metrics().query(beam.metrics.MetricsFilter().with_namespace("downsampled-open-images"))[
            "counters"
        ]
    }
    manifest = rows(tmp_path / "out", "manifest")
    assert counters.pop("resize-msec") > 0
    assert counters == {
        "in-images": 7,
        "in-bytes": sum(row["source_bytes"] for row in manifest if row["size"] == 24),
        "out-images": 12,
        "out-bytes": sum(row["bytes"] or 0 for row in manifest),
        "failed-not-an-image": 1,
        f"resampling-{resample.active_instruction_set() or 'pillow'}": 7,
    }


@pytest.mark.parametrize("of_tables", [set(), {"ReadRows", "JoinListings"}], ids=["no-table", "a-table"])
def test_steps_have_stable_labels(photos: Path, tmp_path: Path, of_tables: set[str]) -> None:
    (table := tmp_path / "table.csv").write_bytes(b"key,label\n")
    args = ["-i", str(photos), "-o", str(tmp_path / "out"), *(["--columns", str(table)] if of_tables else [])]
    pipeline = beam.Pipeline(FnApiRunner())
    build(pipeline, parse(args).config, "run")
    labels = {part.full_label.split("/")[0] for part in pipeline.transforms_stack[0].parts}
    assert labels == of_tables | {
        *("MatchSources", "SumListings", "PlanShards", "GroupIntoShards"),
        *("StorePlan", "ResizeShards", "WriteShards", "FinishDataset"),
    }


def test_an_unwritable_out_ends_the_run_with_a_sentence(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ("-i", photos, "-o", out, "-s", 16)
    assert run(*args).returncode == 0
    first = snapshot(out)
    shutil.rmtree(state_of(out) / "shards")
    (state_of(out) / "shards").write_bytes(b"in the way")
    done = run(*args)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 2
    assert re.search(
        r"ERROR   \| cannot (write|read) '.*/.run/shards/.*': Not a directory; committed shards are kept: fix the",
        done.stderr.rstrip(),
    )
    (state_of(out) / "shards").unlink()
    assert run(*args).returncode == 0
    assert snapshot(out) == first


def test_a_dataset_whose_counts_disagree_is_not_finished(make: Make, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make("-i", photos, "-o", out, "-s", 16)
    (marker,) = (state_of(out) / "shards").iterdir()
    header, *lines = marker.read_bytes().splitlines(keepends=True)
    wrong = json.loads(header)
    wrong["tally"]["images"]["written"] -= 1
    marker.write_bytes(json.dumps(wrong).encode() + b"\n" + b"".join(lines))
    shown = make("-i", photos, "-o", out, "-s", 16, expect=1)
    assert f"the counts of {str(out)!r} do not match: 9 images matched, 8 in the manifest, 9 processed by" in shown[-1]


def test_lost_rows_of_a_table_are_noticed(make: Make, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("key,x\nnowhere,1\np000,2\n")
    args = ["-i", photos, "-o", tmp_path / "out", "-s", 16, "--columns", tmp_path / "c.csv"]
    make(*args)
    (marker,) = (state_of(tmp_path / "out") / "shards").iterdir()
    header, *lines = marker.read_bytes().splitlines(keepends=True)
    wrong = json.loads(header)
    wrong["tally"]["tables"]["columns"]["rows"] = 1
    marker.write_bytes(json.dumps(wrong).encode() + b"\n" + b"".join(lines))
    assert "do not match: 2 rows of --columns, 1 reached a shard; run the same" in make(*args, expect=1)[-1]


def test_each_run_leaves_a_record(make: Make, photos: Path, tmp_path: Path) -> None:
    for _ in range(2):
        make("-i", photos, "-o", tmp_path / "out", "-s", 16, "-j", 3)
    written = [json.loads(path.read_text()) for path in state_of(tmp_path / "out").glob("history-*.json")]
    records = sorted(written, key=lambda record: -record["images"])
    assert [(record["images"], record["processes"], record["runner"]) for record in records] == [
        (9, 3, "local"),
        (0, 3, "local"),
    ]
    assert {record["resampling"] for record in records} == {resample.active_instruction_set() or "pillow"}
    assert records[0]["images_per_second"] == pytest.approx(9 / records[0]["seconds"], rel=0.01)


class FailingRunner(PipelineRunner):
    """A runner whose cluster cannot be reached."""

    def run_pipeline(self, pipeline: beam.Pipeline, options: PipelineOptions) -> None:  # noqa: ARG002  # as Beam calls it
        raise ConnectionError("the cluster is gone")


def test_a_remote_run_that_fails_says_why(make: Make, photos: Path, tmp_path: Path) -> None:
    runner = f"{__name__}.FailingRunner"
    shown = make("-i", photos, "-o", tmp_path / "out", "-s", 16, "--runner", runner, expect=1)
    assert shown[-1] == (
        f"--runner {runner}: ConnectionError: the cluster is gone; run the same command again to continue"
    )
