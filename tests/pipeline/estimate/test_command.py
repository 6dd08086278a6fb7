"""--estimate on the command line."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.run import main
from tests.disk_store import SCHEME
from tests.pipeline.conftest import Make
from tests.support import ROOT, photo_tree, write_tree
from tests.support.here import run_here, warm_workers
from tests.support.state import state_of
from transforms.publish.amounts import amount

pytestmark = pytest.mark.slow

Estimate = Callable[..., list[str]]


@pytest.fixture
def estimate(capsys: pytest.CaptureFixture[str]) -> Estimate:
    """Return a function that runs the command in this process and returns the lines of its report."""

    def estimate(*args: object) -> list[str]:
        capsys.readouterr()
        with warm_workers():
            code = main([str(arg) for arg in args])
        output = capsys.readouterr()
        assert code == 0, output.err
        return output.out.splitlines()

    return estimate


def values(report: list[str], label: str) -> list[str]:
    """Return the cells of a row."""
    line = next(line for line in report if line.strip().startswith(label))
    return re.split(r"  +", line.strip())[1:]


def modification_times(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in [folder, *folder.rglob("*")]}


@pytest.mark.parametrize("out", [(), ("-o", "new"), ("-o", "empty")])
def test_it_reports_and_writes_nothing(
    estimate: Estimate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    source = photo_tree(tmp_path / "photos", 9)
    write_tree(source, {"bad.jpg": b"no image", "notes.txt": b""})
    before = modification_times(tmp_path)
    report = estimate("-i", source, *out, "-s", 24, 12, "--estimate")
    assert modification_times(tmp_path) == before
    source_bytes = sum(path.stat().st_size for path in source.rglob("*.jpg"))
    assert values(report, "train") == ["10", amount(source_bytes)]
    assert values(report, "other files") == ["1"]
    assert values(report, "resized") == ["9"]
    assert values(report, "failed") == ["1", "10.0 %: 1 not-an-image"]
    assert values(report, "24 px")[1] == values(report, "12 px")[1] == "exact: every image was measured"
    assert values(report, "shards") == ["1", "1"]
    assert values(report, "workers") == ["1", "1"]
    # 1 list, 18 outputs or 2 archives, 2 for the shard, 20 for the run; 1 read per image, 4 per shard
    assert values(report, "store writes") == ["41", "25"]
    assert values(report, "store reads") == ["14", "14"]
    assert len(values(report, "total for the run")) == 4
    assert report[-1] == "Nothing was written."


def test_the_output_of_a_whole_sample_is_what_a_run_writes(
    estimate: Estimate, make: Make, photos: Path, tmp_path: Path
) -> None:
    report = estimate("-i", photos, "-s", 500, "--estimate", 100)
    make("-i", photos, "-s", 500, "-o", tmp_path / "out")
    written = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*.jpg"))
    assert values(report, "500 px")[0] == amount(written)


def test_a_part_of_the_images_gives_an_interval(estimate: Estimate, photos: Path) -> None:
    report = estimate("-i", photos, "-s", 500, "--estimate", 5)
    assert values(report, "resized") == ["5"]
    assert re.fullmatch(
        r"[\d.]+ KB to [\d.]+ KB, by the (bytes of the sources|number of images)", values(report, "500 px")[1]
    )
    assert any("5 of 9 images" in line for line in report)


def test_committed_images_reduce_the_time_left(estimate: Estimate, make: Make, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    flags = ("-i", photos, "-o", out, "-s", 24, "--images_per_shard", 2)
    make(*flags)
    note = "9 of 9 images committed"
    assert values(estimate(*flags, "--estimate", 2), "time left") == ["about 0:00:00", note]
    assert not any("time left" in line for line in estimate(*flags, "--estimate", 2, "--overwrite"))
    marker = min((state_of(out) / "shards").iterdir())
    missing = json.loads(marker.read_bytes().splitlines()[0])["tally"]["images"]["matched"]
    marker.unlink()
    before = modification_times(out)
    left = values(estimate(*flags, "--estimate", 2), "time left")[1]
    assert left == f"{9 - missing} of 9 images committed"
    assert modification_times(out) == before


def test_only_images_that_sample_selects_count(estimate: Estimate, photos: Path) -> None:
    report = estimate("-i", photos, "-s", 24, "--sample", "1/2", "--estimate")
    number = int(values(report, "--sample 1/2")[0])
    assert 0 < number < 9
    assert values(report, "train")[0] == "9"
    assert values(report, "resized") == [str(number)]
    assert values(report, "store reads")[0] == str(number + 4)


def test_given_workers_and_prices_are_used(estimate: Estimate, photos: Path, tmp_path: Path) -> None:
    mine = write_tree(tmp_path, {"mine.json": b'{"vcpu_hour": 0, "memory_gb_hour": 0, "storage_gb_month": 1e6}'})
    flags = ("-i", photos, "-s", 24, "--max_num_workers", 2, "--prices", mine / "mine.json", "--images_per_shard", 1)
    report = estimate(*flags, "--estimate")
    assert values(report, "shards") == ["9", "9"]
    assert values(report, "workers") == ["2", "2"]
    assert set(values(report, "vCPU [5]")) == {"0.0000"}
    assert all(float(cell.replace(",", "")) > 1 for cell in values(report, "storage per month"))


def test_a_wrong_command_is_refused_with_one_sentence(photos: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "texts", {"a.txt": b""})
    write_tree(tmp_path / "other", {"a.txt": b""})
    pattern, other = tmp_path / "texts" / "*.txt", tmp_path / "other"
    cases: list[tuple[list[object], str]] = [
        (
            [tmp_path / "texts"],
            f"-i {str(tmp_path / 'texts')!r} contains no images: 1 .txt; use a folder or pattern that contains images",
        ),
        ([pattern], f"-i {str(pattern)!r} does not name any images: use a list with a row for each image"),
        ([photos, "--sample", "1/1000000"], "--sample 1/1000000 does not select any image: use a larger fraction"),
        (
            [photos, "-o", other],
            f"-o {str(other)!r} contains files that do not belong to a dataset, such as 'a.txt': use an",
        ),
        (
            [photos, "--prices", "/no.json"],
            "--prices '/no.json' cannot be read: No such file or directory; check the path and its permissions",
        ),
        (
            [photos, "--max_num_workers", 0],
            "--max_num_workers 0 is out of range: use a whole number of 1 or more",
        ),
    ]
    for args, sentence in cases:
        done = run_here("--estimate", 5, "-i", *args)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"image_resizer: {sentence}")
        assert done.stderr.count("\n") == 1


def test_another_dataset_is_refused_as_in_a_run(make: Make, photos: Path, tmp_path: Path) -> None:
    make("-i", photos, "-o", tmp_path / "out", "-s", 24)
    messages = make("-i", photos, "-o", tmp_path / "out", "-s", 32, "--estimate", expect=2)
    assert "holds a dataset made with --size [24], but this run is with --size [32]" in messages[-1]


def test_a_command_without_it_does_not_load_it() -> None:
    code = "import sys, pipeline.run; print(*(name for name in sys.modules if name.startswith('pipeline.estimate.')))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


@pytest.mark.parametrize("out", [(), ("-o", "new")])
def test_a_store_gives_the_same_counts_and_no_time_on_this_machine(
    estimate: Estimate, photos: Path, tmp_path: Path, out: tuple[str, ...]
) -> None:
    there = [f"{SCHEME}{tmp_path}/{word}" if word == "new" else word for word in out]
    local = estimate("-i", photos, "-s", 24, 12, "--estimate", 6)
    report = estimate("-i", f"{SCHEME}{photos}", *there, "-s", 24, 12, "--estimate", 6)
    for label in ("train", "resized", "24 px", "12 px", "shards", "store writes", "store reads"):
        assert values(report, label) == values(local, label)
    assert len(values(report, "CPU time per image")) == 2
    assert not any("speed" in line or "time for all" in line or "in a bucket" in line for line in report)


def test_a_store_without_a_file_system_is_refused() -> None:
    done = run_here("-i", "s4://bucket/photos", "--estimate")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "image_resizer: -i 's4://bucket/photos' cannot be used (s4:// is not supported): use a local path, or a gs:// "
        "or s3:// path\n"
    )
