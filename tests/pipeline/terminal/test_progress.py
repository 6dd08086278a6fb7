import itertools
import re

import pytest

from pipeline.history.timeline import MOST_POINTS, RunTimeline, Series
from pipeline.terminal.progress import ProgressReporter
from pipeline.terminal.summary import megabytes
from transforms.model.records import Shard, Tally
from transforms.summary.progress import Progress

SHARD = Shard("a", 0, 2)


def tally(matched: int, failed: int) -> Tally:
    return {"images": {"matched": matched, "failed": failed}}


def test_the_rate_is_that_of_this_run() -> None:
    progress = Progress()
    watch = ProgressReporter(progress, 10)
    progress.set_total(100)
    progress.add_resumed_shard(SHARD, tally(60, 2))
    for number in range(20):
        progress.add_result(number < 3, {"decode": 0.5, "resize": 0.25})
    progress.add_committed_shard(SHARD, tally(15, 0))
    assert (progress.total, progress.done, progress.resumed, progress.failed, progress.committed) == (
        100,
        80,
        60,
        5,
        75,
    )
    assert progress.tally() == tally(75, 2)
    assert progress.latest == SHARD
    assert progress.seconds == {"decode": 10.0, "resize": 5.0}
    assert watch.figures()["images"] == 20
    assert watch.rate() == pytest.approx(20 / watch.seconds(), rel=0.5)
    assert re.fullmatch(r"done: 20 images in [\d.]+ s, [\d,.]+ images/s, 60 were committed already", watch.conclusion())


def test_a_run_with_nothing_to_do_says_so() -> None:
    progress = Progress()
    progress.add_resumed_shard(SHARD, tally(7, 0))
    assert (
        ProgressReporter(progress, 10).conclusion()
        == "nothing to do: all 7 images were committed already, and none was read"
    )


@pytest.mark.parametrize(("number", "shown"), [(0, "0.0 MB"), (1_234_567, "1.2 MB"), (52_840_000_000, "52.84 GB")])
def test_megabytes(number: int, shown: str) -> None:
    assert megabytes(number) == shown


def test_the_course_of_a_run() -> None:
    progress = Progress()
    course = RunTimeline(progress, 1.5)
    course.look(1)
    progress.set_total(10)
    course.look(2)
    progress.add_resumed_shard(SHARD, tally(4, 0))
    course.look(4)
    for _ in range(6):
        progress.add_result(False, {"read": 0.5})
    course.look(7)
    progress.add_committed_shard(SHARD, tally(6, 0))
    course.look(7.5)
    assert course.figures() == {
        "phases": {"starting": 1.5, "listing": 2, "resizing": 5, "finishing": 0.5},
        "stages": {"read": 3.0},
        "series": [(4, 0), (7, 6)],
    }


def test_a_series_has_few_points_however_long_it_is() -> None:
    series = Series()
    for number in range(100_000):
        series.add(number / 20, number)
    assert MOST_POINTS / 2 <= len(series.points) < MOST_POINTS
    steps = {round(after[0] - before[0], 2) for before, after in itertools.pairwise(series.points)}
    assert steps == {32.0}
    assert all(images == 20 * seconds for seconds, images in series.points)
