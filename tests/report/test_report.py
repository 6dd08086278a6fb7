"""The contents of the report of a complete dataset, checked without a browser."""

import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image

from pipeline.history.receipts import with_receipts
from pipeline.report.__main__ import main
from pipeline.report.data import examples_of, read_report_data, read_runs
from pipeline.report.pictures import make_pictures
from tests.support import image_bytes, jpeg, photo_tree, rows, run, snapshot, write_tree
from tests.support.here import run_here
from tests.support.state import state_of
from transforms.imaging import resample
from transforms.layouts import LAYOUTS
from transforms.layouts.members import file_of, read_outputs
from transforms.model.json_lines import json_line


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = photo_tree(tmp_path_factory.mktemp("in") / "photos", 6)
    return write_tree(folder, {"ü/__a.b.jpg": jpeg(8, (300, 200)), "bad.jpg": b"no image"})


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_page_shows_every_layout(photos: Path, tmp_path: Path, layout: str) -> None:
    out = tmp_path / "out"
    done = run_here("-i", photos, "-o", out, "-s", 48, 24, "--layout", layout, "--images_per_shard", 3)
    assert done.returncode == 0, done.stderr
    assert any(line.endswith(f"report: {out}/report.html") for line in done.stderr.splitlines())
    assert not (out / ".run").exists()
    written = [row for row in rows(out, "manifest") if row["status"] == "written"]
    outputs = read_outputs(str(out), layout, [row["path"] for row in written])
    assert {path: len(data) for path, data in outputs.items()} == {row["path"]: row["bytes"] for row in written}
    data = read_report_data(str(out))
    assert {row["key"] for sample in data.survey.sample for row in sample} == {row["key"] for row in written}
    pictures = make_pictures(data)
    for row in written:
        pair = pictures.pairs[row["path"]]
        assert (pair.output.width, pair.output.height) == (row["width"], row["height"])
        assert (pair.source.width, pair.source.height, pair.source.missing) == (row["width"], row["height"], "")
    html = (out / "report.html").read_text(encoding="utf-8")
    largest = [row for row in written if row["size"] == 48]
    assert [html.count(f'alt="{side} of ') for side in ("Source", "Output")] == [7 * 2, 7 * 2]
    assert html.count('src="data:image/jpeg;base64,') == 7 * (1 + 4) + 2 * 6 + 5  # plus two lists of cases, and a split
    versions = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", html.partition("<h3>Versions</h3>")[2]))
    assert versions["resampling"] == resample.resampler()
    hrefs = {unquote(href) for href in re.findall(r'<a href="([^"#]+)"', html)}
    assert {file_of(row["path"], layout) for row in largest} <= hrefs
    assert [href for href in hrefs if not (out / href).is_file()] == []


@pytest.mark.slow
def test_a_report_is_written_again_from_the_files_that_are_left(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(photos, source)
    assert (
        run_here("-i", source, "-o", out, "-s", 48, "--layout", "webdataset", "--images_per_shard", 2).returncode == 0
    )
    before = snapshot(out)
    archives = sorted(out.glob("*.tar"), key=lambda path: path.stat().st_size)
    archives[-1].write_bytes(b"damaged")
    archives[-2].unlink()
    shutil.rmtree(source)
    (out / "report.html").unlink()
    for number, damaged in enumerate((b"[", b"[]", b'{"images": 3}')):  # these are not histories of runs
        (state_of(out) / f"history-{number}.json").write_bytes(damaged)
    assert main([str(out)]) == 0
    assert capsys.readouterr().out == f"{out}/report.html\n"
    assert main([str(out), "--project=p"]) == 2
    message = "unexpected argument '--project=p': for a local dataset, pass only OUT"
    assert capsys.readouterr().err == f"pipeline.report: {message}\n"
    assert '<span class="missing">Not found</span>' in (out / "report.html").read_text(encoding="utf-8")
    shutil.rmtree(out / ".run")
    assert main([str(out)]) == 0
    html = (out / "report.html").read_text(encoding="utf-8")
    assert '<span class="missing">The source is not in any recorded input</span>' in html
    assert "not-an-image" in html
    assert not (out / ".run").exists()
    assert set(snapshot(out)) == before.keys() - {archives[-2].name}


@pytest.mark.slow
def test_what_is_seen_of_sources_that_failed_changed_or_are_gone(tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 5)
    write_tree(source, {"cut.jpg": jpeg(4, (300, 200))[:-2000], "none.jpg": b"no image", "empty.jpg": b""})
    out = tmp_path / "out"
    assert run_here("-i", source, "-o", out, "-s", 48).returncode == 0
    (source / "p000.jpg").write_bytes(jpeg(9, (120, 80)))
    (source / "p001.jpg").unlink()
    (source / "p001.jpg").mkdir()
    (source / "p003.jpg").unlink()
    pictures = make_pictures(read_report_data(str(out)))
    assert list(pictures.failed) == ["cut.jpg"]
    assert (pictures.failed["cut.jpg"].width, pictures.failed["cut.jpg"].height) == (144, 96)
    assert {path: pair.source.missing for path, pair in pictures.pairs.items()} == {
        "p000.jpg": "The source has changed since the run",
        "p001.jpg": "The source cannot be read",
        "deep/er/p002.jpg": "",
        "p003.jpg": "The source no longer exists, or is in an archive",
        "p004.jpg": "",
    }


@pytest.mark.slow
def test_a_page_of_many_detailed_images_stays_small(tmp_path: Path) -> None:
    noise = Image.effect_noise((700, 700), 90)
    shifts = {f"{number % 12}/{number}.png": noise.rotate(3 * number).convert("RGB") for number in range(60)}
    source = write_tree(tmp_path / "in", {name: image_bytes(image, "PNG") for name, image in shifts.items()})
    args = ("-i", source, "-o", tmp_path / "out", "-s", 640, 320, 160, "-ext", "png", "--label_from", "folder")
    assert run_here(*args).returncode == 0
    assert 1_000_000 < (tmp_path / "out" / "report.html").stat().st_size < 3_000_000


@pytest.mark.slow
def test_overwrite_deletes_the_report_and_a_report_that_fails_does_not_fail_the_run(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    args = ("-i", photos, "-o", out, "-s", 16)
    assert run_here(*args).returncode == 0
    first = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    (out / "report.html").mkdir()
    done = run_here(*args)
    assert done.returncode == 0
    assert re.search(r"WARNING \| .*/report\.html was not written: StorageError: .*Is a directory", done.stderr)
    (out / "report.html").rmdir()
    (out / "report.html").write_bytes(first)
    assert run(*args, "--overwrite", "--max_failures", "0").returncode == 1
    assert not (out / "report.html").exists()


@pytest.mark.parametrize("content", [None, b"{", b"[]", b'{"images": {}}'])
def test_an_incomplete_dataset_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    write_tree(tmp_path, {} if content is None else {"summary.json": content})
    assert main([str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    if content is None:
        assert line.endswith("does not contain a complete dataset (summary.json is missing): pass the OUT of a run")
    else:
        assert re.search(r"summary\.json' is damaged \(.*\): repeat the command of its run to rewrite it$", line)
    assert not (tmp_path / "report.html").exists()


def test_reading_ends_with_the_last_example_that_is_needed() -> None:
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


@pytest.mark.slow
def test_the_times_of_a_run_that_nobody_waited_for_come_from_its_receipts(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run_here("-i", photos, "-o", out, "-s", 16, "--images_per_shard", 2).returncode == 0
    (path,) = state_of(out).glob("history-*.json")
    history = json.loads(path.read_text())
    path.write_text(json.dumps({name: history[name] for name in ("started", "runner", "processes")}))
    (restored,) = read_runs(str(out))
    assert restored["images"] == restored["series"][-1][1] == 8
    assert restored["seconds"] == restored["series"][-1][0] > 0
    assert restored["images_per_second"] == pytest.approx(8 / restored["seconds"], abs=0.001)
    assert restored["stages"] == pytest.approx(history["stages"], abs=0.001)
    assert {"read", "decode", "resize", "encode"} <= restored["stages"].keys()
    assert main([str(out)]) == 0
    assert "<h3>Images per second</h3>" in (out / "report.html").read_text(encoding="utf-8")


def test_only_shards_that_were_resized_count() -> None:
    started = {"started": "1970-01-01T00:16:40+00:00", "runner": "DataflowRunner"}
    stages = {"resize": 0.25, "decode": 1.5}
    shards = [(1064.5, 7, True, stages), (1030.25, 5, True, {"decode": 0.5}), (1070.0, 100, False, {})]
    lines = [dict(zip(("time", "matched", "again", "stages"), shard, strict=True)) for shard in shards]
    course = {"seconds": 64.5, "images": 12, "images_per_second": 0.186, "series": [(0.0, 0), (30.25, 5), (64.5, 12)]}
    assert with_receipts(started, lines) == {**started, **course, "stages": {"decode": 2.0, "resize": 0.25}}
    at_once = [{**line, "time": 1064.5} for line in lines]
    # Two shards that are committed at the same time become one point.
    assert with_receipts(started, at_once)["series"] == [(0.0, 0), (64.5, 12)]
    assert with_receipts(started, lines[2:]) == started
    assert with_receipts(started, []) == started


@pytest.mark.slow
def test_a_history_has_the_times_of_its_run(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("-i", photos, "-o", out, "-s", 16).returncode == 0
    (path,) = state_of(out).glob("history-*.json")
    history = json.loads(path.read_bytes())
    assert set(history["phases"]) <= {"starting", "listing", "resizing", "finishing"}
    assert sum(history["phases"].values()) - history["phases"]["starting"] == pytest.approx(history["seconds"], abs=0.1)
    assert list(history["stages"]) == ["decode", "encode", "hash", "read", "resize", "write"]
    assert history["series"][-1][1] == 8
    assert (history["matched"], history["failed"]) == (8, 1)
