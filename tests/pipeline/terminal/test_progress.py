import itertools
import re

import pytest

from pipeline.history.timeline import MAX_POINTS, RunTimeline, Series
from pipeline.terminal.progress import ProgressReporter, committed_so_far
from transforms.model.records import Shard, Tally
from transforms.summary.progress import Progress

SHARD = Shard("a", 0, 2)


def tally(matched: int, failed: int) -> Tally:
    return {"images": {"matched": matched, "failed": failed}}


def test_the_rate_counts_only_the_images_of_this_run() -> None:
    progress = Progress()
    reporter = ProgressReporter(progress, 10)
    progress.set_total(100)
    progress.add_resumed_shard(SHARD, tally(60, 2))
    for number in range(20):
        progress.add_result(number < 3)
    progress.add_committed_shard(SHARD, tally(15, 0), {"decode": 10.0, "resize": 4.0})
    progress.add_committed_shard(SHARD, tally(0, 0), {"resize": 1.0, "write": 0.5})
    assert (progress.total, progress.done, progress.resumed, progress.failed, progress.committed) == (
        100,
        80,
        60,
        5,
        75,
    )
    assert progress.tally() == tally(75, 2)
    assert progress.latest == SHARD
    assert progress.seconds == {"decode": 10.0, "resize": 5.0, "write": 0.5}
    assert reporter.figures()["images"] == 20
    before, rate, after = reporter.seconds(), reporter.rate(), reporter.seconds()
    assert 20 / after <= rate <= 20 / before
    assert re.fullmatch(
        r"done: 20 images in [\d.]+ s, [\d,.]+ images/s, 60 were already committed", reporter.conclusion()
    )


def test_a_line_has_a_rate_even_if_all_images_were_done_at_the_first_look() -> None:
    progress = Progress()
    reporter = ProgressReporter(progress, 10)
    progress.set_total(2)
    assert reporter.line() == "0 of 2 images (0 %), 0.0 images/s, time left unknown, 0 failed"
    progress.add_result(True)
    progress.add_result(False)
    reporter.follow(lambda _: False, lambda: False)
    rate = re.fullmatch(r"2 of 2 images \(100 %\), ([\d,]+\.\d) images/s, 0 s left, 1 failed", reporter.line())
    assert rate is not None
    assert rate[1] != "0.0"


def test_nothing_is_left_of_a_run_that_an_earlier_one_completed() -> None:
    progress = Progress()
    reporter = ProgressReporter(progress, 10)
    progress.set_total(7)
    progress.add_resumed_shard(SHARD, tally(7, 1))
    assert reporter.line() == "7 of 7 images (100 %), 0.0 images/s, 0 s left, 1 failed"


def test_a_run_with_nothing_to_do_says_so() -> None:
    progress = Progress()
    progress.add_resumed_shard(SHARD, tally(7, 0))
    assert (
        ProgressReporter(progress, 10).conclusion()
        == "nothing to do: all 7 images were already committed, and none was read"
    )


def test_one_image_is_singular() -> None:
    progress = Progress()
    progress.add_resumed_shard(SHARD, tally(1, 0))
    reporter = ProgressReporter(progress, 10)
    assert reporter.conclusion() == "nothing to do: the only image was already committed, and was not read"
    progress.add_result(False)
    assert re.fullmatch(r"done: 1 image in [\d.]+ s, [\d,.]+ images/s, 1 was already committed", reporter.conclusion())


def test_a_timeline_assigns_time_to_phases() -> None:
    progress = Progress()
    timeline = RunTimeline(progress, 1.5)
    timeline.record(1)
    progress.set_total(10)
    timeline.record(2)
    progress.add_resumed_shard(SHARD, tally(4, 0))
    timeline.record(4)
    for _ in range(6):
        progress.add_result(False)
    timeline.record(7)
    progress.add_committed_shard(SHARD, tally(6, 0), {"read": 3.0})
    timeline.record(7.5)
    assert timeline.figures() == {
        "phases": {"starting": 1.5, "listing": 2, "resizing": 5, "finishing": 0.5},
        "stages": {"read": 3.0},
        "series": [(4, 0), (7, 6)],
    }


def test_a_long_series_has_few_points_at_equal_steps() -> None:
    series = Series()
    for number in range(100_000):
        series.add(number / 20, number)
    assert MAX_POINTS / 2 <= len(series.points) < MAX_POINTS
    steps = {round(after[0] - before[0], 2) for before, after in itertools.pairwise(series.points)}
    assert steps == {32.0}
    assert all(images == 20 * seconds for seconds, images in series.points)


@pytest.mark.parametrize(
    ("total", "committed", "new", "continued"),
    [
        (0, 0, "nothing committed", "nothing new committed"),
        (1, 0, "0 of 1 image committed", "nothing new committed"),
        (3000, 1200, "1,200 of 3,000 images committed", "at least 1,200 of 3,000 images committed"),
        (60, 60, "60 of 60 images committed", "60 of 60 images committed"),
    ],
)
def test_a_stopped_run_does_not_understate_what_earlier_runs_committed(
    total: int, committed: int, new: str, continued: str
) -> None:
    progress = Progress()
    progress.set_total(total)
    progress.add_resumed_shard(SHARD, tally(committed, 0))
    assert committed_so_far(progress, False) == new
    assert committed_so_far(progress, True) == continued
