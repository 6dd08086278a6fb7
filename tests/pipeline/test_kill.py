"""A run that ends at any moment can be continued, with the same bytes. `python -m benchmarks.kill` is the long form."""

import json
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import jpeg, rows, sha256, write_tree
from tests.support.archives import KINDS, files_of, packed
from tests.support.endings import CASES, Case, LostError, check_ending, leftovers, send

pytestmark = pytest.mark.slow

# The seconds in which a run must have ended: far more than the promised two, since other tests use the machine, too.
_PATIENCE = 10

# Seconds after the command began to handle signals, or a phase of the run.
MOMENTS = (0.0, 0.1, 0.4, 0.9, "at work", "finalizing")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = [jpeg(seed, (900, 600)) for seed in range(6)]
    names = [f"{'below/' if number % 3 else ''}p{number:03d}.jpg" for number in range(200)]
    return write_tree(tmp_path_factory.mktemp("in") / "in", {name: data[n % 6] for n, name in enumerate(names)})


@pytest.mark.parametrize(("layout", "sizes"), CASES[1:3])  # benchmarks.kill runs all four
def test_a_run_that_was_killed_twice_is_continued(
    many: Path, tmp_path: Path, layout: str, sizes: tuple[int, ...]
) -> None:
    """The first kill comes at any moment, the second one while shards are committed."""
    case = Case(many, tmp_path, layout, sizes, "--images_per_shard", 10)
    case.kill(random.Random(f"{layout} {sizes}").uniform(0, case.seconds))
    committed = case.committed()
    process = case.start()
    wait_until(lambda: case.committed() > min(committed, 18))
    process.kill()
    process.communicate()
    case.resume()


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_on_an_archive_that_was_killed_is_continued(many: Path, tmp_path: Path, kind: str) -> None:
    """For a .tar.gz, the first kill comes while it is listed, the second one in the middle of its shards."""
    files = files_of(many)
    archive = write_tree(tmp_path, {f"in/many.{kind}": packed(files, kind)}) / "in" / f"many.{kind}"
    case = Case(archive, tmp_path, "webdataset", (128,), "--images_per_shard", 10)
    case.kill(random.Random(kind).uniform(0, case.seconds / 2))
    committed = case.committed()
    process = case.start()
    wait_until(lambda: case.committed() > min(committed, 12) + 3)
    process.kill()
    process.communicate()
    assert committed < case.committed() < 20
    case.resume()
    assert sum(len(row) for row in rows(case.out, "failures")) == 0
    assert {row["source"]: row["source_sha256"] for row in rows(case.out, "manifest")} == {
        name: sha256(data) for name, data in files.items()
    }


def test_a_run_with_boxes_and_limits_that_was_killed_is_continued(many: Path, tmp_path: Path) -> None:
    """Each image has two boxes of Cat and one of Dog, and 120 of the 200 images are selected."""
    header = "ImageID,LabelName,XMin,XMax,YMin,YMax\n"
    boxes = [
        f"{path.stem},/m/{class_},0.{number % 5},0.9,0.25,0.75\n"
        for path in sorted(many.rglob("*.jpg"))
        for number, class_ in enumerate(("01yrx", "01yrx", "0bt9lr"))
    ]
    table = tmp_path / "boxes.csv"
    table.write_text(header + "".join(boxes))
    flags = ("--boxes", table, "--max_images", 120, "--annotations", "coco", "--images_per_shard", 10)
    case = Case(many, tmp_path, "files", (128, 64), *flags)
    case.kill(random.Random("boxes").uniform(0, case.seconds))
    committed = case.committed()
    process = case.start()
    wait_until(lambda: case.committed() > min(committed, 12) + 2)
    process.kill()
    process.communicate()
    case.resume()
    coco = json.loads((case.out / "128" / "coco.json").read_text())
    assert (len(coco["images"]), len(coco["annotations"])) == (120, 360)


@pytest.fixture(scope="module")
def case(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(many, tmp_path_factory.mktemp("case"), "files", (128,), "--images_per_shard", 4)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_a_signal_ended_at_any_moment_is_continued(case: Case, number: int) -> None:
    """The signal is sent once or twice in turn. All runs share one OUT, and the last one must complete it."""
    case.clear()
    for index, moment in enumerate(MOMENTS):
        times = 1 + (index + number) % 2
        if isinstance(moment, float):
            ending = case.interrupt(number, moment, times)
        else:
            process = case.start()
            wait_until(lambda state=moment: case.state() == state)  # type: ignore[misc]
            ending = send(process, number, times)
        was_stopped = check_ending(ending, number)
        assert was_stopped or moment == "finalizing", ending.messages
        assert ending.seconds < _PATIENCE
    case.resume()


def test_the_checks_notice_a_lost_file_and_a_leftover(case: Case) -> None:
    case.clear()
    shutil.copytree(case.whole, case.out)
    (case.out / ".run").mkdir()
    (case.out / "below" / ".temp1").mkdir()
    assert leftovers(case.out) == [".run", "below/.temp1"]
    (case.out / "p000.jpg").write_bytes(b"half")
    with pytest.raises(LostError, match=r"1 files differ from those of an uninterrupted run: \['p000.jpg'\]"):
        case.resume()
    case.clear()
