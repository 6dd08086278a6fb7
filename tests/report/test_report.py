"""What a report says, without a browser."""

import base64
import io
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from PIL import Image

from pipeline.cli.options import parse
from pipeline.history.receipts import with_receipts
from pipeline.history.record import History
from pipeline.report.__main__ import main
from pipeline.report.contact_sheet import location_of, picture, root_of, sheets_of
from pipeline.report.facts import examples_of, read_report_data, read_runs, rows_to_picture
from pipeline.report.formatting import duration, percent, printable, short
from pipeline.report.histograms import aspect_ratios, longest_sides, output_bytes
from pipeline.report.live import LiveReport
from pipeline.report.page import rate_plot
from pipeline.report.svg import Bar, Step, histogram, rates
from pipeline.terminal.progress import ProgressReporter
from tests.support import Row, jpeg, photo_tree, rows, run, snapshot, write_tree
from transforms.imaging.naming import sample_rank
from transforms.layouts import LAYOUTS
from transforms.layouts.members import read_outputs
from transforms.model.json_lines import json_line
from transforms.summary.progress import Progress


def manifest_row(key: str, size: int, status: str = "written") -> Row:
    return {"key": key, "source": f"{key}.jpg", "size": size, "status": status}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = photo_tree(tmp_path_factory.mktemp("in") / "photos", 6)
    return write_tree(folder, {"ü/__a.b.jpg": jpeg(8, (300, 200)), "bad.jpg": b"no image"})


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_shown(photos: Path, tmp_path: Path, layout: str) -> None:
    out = tmp_path / "out"
    done = run("-i", photos, "-o", out, "-s", 48, 24, "--layout", layout, "--images_per_shard", 3)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].endswith(f"report: {out}/report.html")
    assert not (out / "_run" / "tmp").exists()
    written = [row for row in rows(out, "manifest") if row["status"] == "written"]
    outputs = read_outputs(str(out), layout, [row["path"] for row in written])
    assert {path: len(data) for path, data in outputs.items()} == {row["path"]: row["bytes"] for row in written}
    sheets = sheets_of(read_report_data(str(out)))
    assert len(sheets) == 7
    assert [sheet.rows[0]["key"] for sheet in sheets] == sorted({row["key"] for row in written}, key=sample_rank)
    for sheet in sheets:
        shown = [(picture.width, picture.height) for picture in sheet.outputs]
        assert shown == [(row["width"], row["height"]) for row in sheet.rows]
        assert not sheet.source.missing
    html = (out / "report.html").read_text(encoding="utf-8")
    assert html.count('src="data:image/jpeg;base64,') == 7 * 3
    assert len(html) < 1_000_000


@pytest.mark.slow
def test_it_is_made_again_from_what_is_left(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(photos, source)
    assert run("-i", source, "-o", out, "-s", 48, "--layout", "webdataset", "--images_per_shard", 2).returncode == 0
    before = snapshot(out)
    archives = sorted(out.glob("*.tar"), key=lambda path: path.stat().st_size)
    archives[-1].write_bytes(b"damaged")
    archives[-2].unlink()
    shutil.rmtree(source)
    (out / "report.html").unlink()
    for number, damaged in enumerate((b"[", b"[]", b'{"images": 3}')):  # they tell nothing
        (out / "_run" / f"history-{number}.json").write_bytes(damaged)
    assert main([str(out)]) == 0
    assert capsys.readouterr().out == f"{out}/report.html\n"
    assert main([str(out), "--project=p"]) == 2
    told = "pipeline.report: '--project=p' is no flag for a folder of this machine: give OUT alone\n"
    assert capsys.readouterr().err == told
    assert "it is not there any more" in (out / "report.html").read_text(encoding="utf-8")
    shutil.rmtree(out / "_run")
    assert main([str(out)]) == 0
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "where it lies is not recorded any more" in html
    assert "not-an-image" in html
    assert not (out / "_run").exists()
    assert set(snapshot(out)) == before.keys() - {archives[-2].name}


@pytest.mark.slow
def test_overwrite_deletes_it_and_a_failed_one_fails_no_run(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ("-i", photos, "-o", out, "-s", 16)
    assert run(*args).returncode == 0
    first = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    (out / "report.html").mkdir()
    done = run(*args)
    assert done.returncode == 0
    assert re.search(r"WARNING \| .*/report\.html was not made: StorageError: .*Is a directory", done.stderr)
    (out / "report.html").rmdir()
    (out / "report.html").write_bytes(first)
    assert run(*args, "--overwrite", "--max_failures", "0").returncode == 1
    assert not (out / "report.html").exists()


@pytest.mark.parametrize("content", [None, b"{", b"[]", b'{"images": {}}'])
def test_what_is_no_complete_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None) -> None:
    write_tree(tmp_path, {} if content is None else {"summary.json": content})
    assert main([str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(r"holds no complete dataset \(summary\.json is missing\)|summary\.json' is damaged", line)
    assert not (tmp_path / "report.html").exists()


def test_the_sample_is_the_lowest_ranks_of_what_was_written() -> None:
    keys = [f"k{number}" for number in range(200)]
    lines = [
        json_line(manifest_row(key, size, "failed" if key == "k7" or (key == "k9" and size == 512) else "written"))
        for key in keys
        for size in (512, 256)
    ]
    taken = rows_to_picture(lines, 150)
    wanted = sorted(set(keys) - {"k7"}, key=sample_rank)[:150]
    assert [sheet[0]["key"] for sheet in taken] == wanted
    assert all([row["size"] for row in sheet] == ([256] if sheet[0]["key"] == "k9" else [512, 256]) for sheet in taken)
    twice = [json_line({**manifest_row("a", 8), "source": name}) for name in ("a.jpg", "a.png")]
    assert [[row["source"] for row in sheet] for sheet in rows_to_picture(twice, 3)] == [["a.jpg"]]
    odd = os.fsdecode(b'"\xff\\')
    assert rows_to_picture([json_line(manifest_row(odd, 8))], 3)[0][0]["key"] == odd


def test_examples_are_few_and_reading_ends_with_them() -> None:
    read: list[int] = []

    def lines() -> Any:
        for number in range(100):
            read.append(number)
            yield json_line({"error": "damaged" if number % 10 else "truncated", "source": f"{number}"})

    examples = examples_of(lines(), {"damaged": 90, "truncated": 10})
    assert [row["source"] for row in examples["damaged"]] == ["1", "2", "3", "4", "5"]
    assert [row["source"] for row in examples["truncated"]] == ["0", "10", "20", "30", "40"]
    assert len(read) == 41
    assert examples_of(lines(), {}) == {}


@pytest.mark.parametrize(
    ("pattern", "root"),
    [
        ("/data/train/**", "/data/train"),
        ("/da[[]ta[*]/t/**", "/da[ta*/t"),
        ("/data/*/x/*.jpg", "/data"),
        ("/data/a*/**", "/data"),
        ("gs://bucket/train/**", "gs://bucket/train"),
    ],
)
def test_where_sources_lie(pattern: str, root: str) -> None:
    assert root_of(pattern) == root
    assert location_of("a/b.jpg", {"train": pattern}) == f"{root}/a/b.jpg"
    assert location_of("val/b.jpg", {"train": "/x/**", "val": pattern}) == f"{root}/b.jpg"
    assert location_of("other/b.jpg", {"train": "/x/**", "val": pattern}) is None


def test_a_picture_is_small_and_never_enlarged() -> None:
    shown = picture(jpeg(1, (900, 600)))
    image = Image.open(io.BytesIO(base64.b64decode(shown.uri.partition(",")[2])))
    assert (shown.width, shown.height) == image.size == (256, 170)
    small = picture(jpeg(1, (90, 60)))
    assert (small.width, small.height) == (90, 60)
    assert picture(b"no image").missing.startswith("it cannot be shown: the content is of no image format")
    assert picture(None).missing == "it is not there any more"


def test_bins_have_no_gaps() -> None:
    assert [(bar.tick, bar.number) for bar in longest_sides({"64": 1, "512": 3})] == [
        *(("≤ 64", 1), ("≤ 128", 0), ("≤ 256", 0), ("≤ 512", 3)),
    ]
    assert [(bar.label, bar.number) for bar in aspect_ratios({"2.3": 1, "2.6": 2, "10.0": 4})] == [
        *(("2.3", 1), ("2.4", 0), ("≥ 2.5", 6)),
    ]
    assert [(bar.label, bar.number) for bar in aspect_ratios({"0.1": 5})] == [("≤ 0.4", 5)]
    bars = output_bytes({"896": 1, "1536": 2})
    assert [(bar.label, bar.number) for bar in bars] == [
        *(("up to 896 B", 1), ("up to 1.02 kB", 0), ("up to 1.28 kB", 0), ("up to 1.54 kB", 2)),
    ]
    assert longest_sides({}) == aspect_ratios({}) == output_bytes({}) == []


def test_plots() -> None:
    drawn = histogram([Bar("<a>", "a", 4), Bar("b", "b", 0), Bar("c", "c", 2)], "A & B", "pixels")
    heights = [float(height) for height in re.findall(r'<rect class="bar"[^>]* height="([\d.]+)"', drawn)]
    assert heights[1] == 0
    assert heights[0] == pytest.approx(2 * heights[2])
    assert "<title>A &amp; B</title><desc>&lt;a&gt;: 4; c: 2</desc>" in drawn
    line = rates([Step(1, 2, 30.0), Step(2, 4, 70.0)], "rate")
    assert '<polyline class="line" points="114.0,104.2 194.0,104.2 194.0,35.2 354.0,35.2"/>' in line


def test_the_rate_is_taken_between_points() -> None:
    plot = rate_plot([[1.0, 10], [2.0, 30], [4.0, 40]])
    assert plot
    assert plot.rows == (("2.0 s", "20.0"), ("4.0 s", "5.0"))
    assert rate_plot([]) is None
    assert rate_plot([[1.0, 0], [2.0, 0]]) is None
    many = rate_plot([[float(second), 3 * second] for second in range(1, 200)])
    assert many
    assert len(many.rows) <= 41
    assert {rate for _, rate in many.rows} == {"3.0"}


def test_words() -> None:
    assert [short(number) for number in (9_999, 12_345, 999_499, 9_011_219)] == ["9,999", "12.3k", "999k", "9.01M"]
    assert [percent(part, 10_000) for part in (0, 1, 1234, 9_999, 10_000)] == [
        *("0 %", "< 0.1 %", "12.3 %", "> 99.9 %", "100 %"),
    ]
    assert [duration(seconds) for seconds in (0.024, 3.21, 245, 7640)] == ["24 ms", "3.2 s", "4 min 05 s", "2 h 07 min"]
    assert printable("a\u202eb\n\udcffü") == "a\\u202eb\\n\\udcffü"


def test_a_live_report_that_cannot_be_written_is_told_of_once(tmp_path: Path) -> None:
    source, out = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (60, 40))}), tmp_path / "out"
    (out / "report.html").mkdir(parents=True)
    (out / "_run").mkdir()
    options = parse(["-i", str(source), "-o", str(out), "--report_every", "3600"])
    progress = Progress()
    progress.listed(1)
    live = LiveReport(options, 3600, History(options, 0.0), ProgressReporter(progress, 1), progress)
    live.start()
    told: list[str] = []
    sink = logger.add(told.append, format="{message}")
    live.end("it was ended")
    live.end("it was ended again")
    logger.remove(sink)
    assert told == [
        f"report.html cannot be kept up: StorageError: cannot write {str(out / 'report.html')!r}: Is a directory\n"
    ]


@pytest.mark.slow
def test_receipts_tell_the_course_of_a_run_that_nobody_followed(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("-i", photos, "-o", out, "-s", 16, "--images_per_shard", 2).returncode == 0
    (path,) = (out / "_run").glob("history-*.json")
    told = json.loads(path.read_text())
    path.write_text(json.dumps({name: told[name] for name in ("started", "runner", "processes")}))
    (made,) = read_runs(str(out))
    assert made["images"] == made["series"][-1][1] == 8
    assert made["seconds"] == made["series"][-1][0] > 0
    assert made["images_per_second"] == pytest.approx(8 / made["seconds"], abs=0.001)
    assert main([str(out)]) == 0
    assert "Images a second" in (out / "report.html").read_text(encoding="utf-8")


def test_only_shards_that_were_made_count() -> None:
    begun = {"started": "1970-01-01T00:16:40+00:00", "runner": "DataflowRunner"}
    receipts = [(1064.5, 7, True), (1030.25, 5, True), (1070.0, 100, False)]
    lines = [json_line({"time": time, "matched": matched, "again": again}) for time, matched, again in receipts]
    course = {"seconds": 64.5, "images": 12, "images_per_second": 0.186, "series": [(0.0, 0), (30.25, 5), (64.5, 12)]}
    assert with_receipts(begun, lines) == {**begun, **course}
    at_once = [(0.0, 0), (64.5, 12)]  # two shards between which no time passes are one point
    assert with_receipts(begun, [json_line({**json.loads(one), "time": 1064.5}) for one in lines])["series"] == at_once
    assert with_receipts(begun, lines[2:]) == begun
    assert with_receipts(begun, []) == begun


@pytest.mark.slow
def test_history_tells_the_course(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("-i", photos, "-o", out, "-s", 16).returncode == 0
    (path,) = (out / "_run").glob("history-*.json")
    told = json.loads(path.read_bytes())
    assert set(told["phases"]) <= {"starting", "listing", "resizing", "finishing"}
    assert sum(told["phases"].values()) - told["phases"]["starting"] == pytest.approx(told["seconds"], abs=0.1)
    assert list(told["stages"]) == ["decode", "encode", "hash", "read", "resize"]
    assert told["series"][-1][1] == 8
