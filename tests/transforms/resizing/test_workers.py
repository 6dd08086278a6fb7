import dataclasses
import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.transforms.shards import config
from transforms.resizing import workers
from transforms.resizing.workers import Work, Workers, close_workers, workers_for

PATIENCE = 30  # seconds that a test waits before it fails
A_MOMENT = 0.2  # seconds in which nothing must happen


class Gate:
    """Processes items that stay at work until `open` is called."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self._begins = threading.Semaphore(0)
        self._opened = threading.Event()

    def process(self, item: int) -> int:
        self.begun.append(item)
        self._begins.release()
        assert self._opened.wait(PATIENCE)
        return 10 * item

    def wait_for(self, count: int) -> None:
        """Wait until `count` more items are begun."""
        assert all(self._begins.acquire(timeout=PATIENCE) for _ in range(count))

    def nothing_more_is_begun(self) -> bool:
        return not self._begins.acquire(timeout=A_MOMENT)

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def two() -> Iterator[Workers]:
    two = Workers(2, 1000)
    yield two
    two.close()


def threads_of(running: Workers) -> int:
    assert running._threads is not None
    return len(running._threads._threads)


def test_every_item_has_a_result(two: Workers) -> None:
    reported: list[int] = []
    work = two.submit(range(50), lambda item: item * item, reported.append)
    assert sorted(work.results()) == [item * item for item in range(50)] == sorted(reported)
    assert threads_of(two) <= 2


def test_work_without_items_ends_at_once(two: Workers) -> None:
    ended: list[str] = []
    assert two.submit([], int, on_end=lambda: ended.append("once")).results() == []
    assert ended == ["once"]


def test_as_many_items_as_allowed_are_at_work_at_the_same_time(two: Workers, gate: Gate) -> None:
    first, second = two.submit([1, 2, 3], gate.process), two.submit([4, 5], gate.process)
    gate.wait_for(2)
    assert gate.nothing_more_is_begun()
    assert sorted(gate.begun) == [1, 2]
    gate.open()
    assert sorted(first.results()) == [10, 20, 30]
    assert sorted(second.results()) == [40, 50]


def test_a_worker_without_items_takes_those_of_the_next_work(two: Workers, gate: Gate) -> None:
    slow = two.submit([1], gate.process)
    gate.wait_for(1)
    assert two.submit([2], lambda item: item).results() == [2]
    gate.open()
    assert slow.results() == [10]


def test_work_that_is_done_one_by_one_leaves_the_other_workers_to_the_next(two: Workers, gate: Gate) -> None:
    one_by_one = two.submit([1, 2, 3], gate.process, at_once=1)
    gate.wait_for(1)
    assert two.submit([7, 8], lambda item: item).results() == [7, 8]
    assert gate.nothing_more_is_begun()
    gate.open()
    assert one_by_one.results() == [10, 20, 30]
    assert gate.begun == [1, 2, 3]


def test_cancelled_work_begins_no_more_items_and_keeps_no_result(two: Workers, gate: Gate) -> None:
    reported: list[int] = []
    ended = threading.Event()
    work = two.submit(range(20), gate.process, reported.append, ended.set)
    gate.wait_for(2)
    work.cancel()
    with pytest.raises(CancelledError):
        work.results()  # at once, while two items are at work
    assert not ended.is_set()
    gate.open()
    assert ended.wait(PATIENCE)
    assert two.submit([7], lambda item: item).results() == [7]
    assert sorted(gate.begun) == [0, 1]
    assert reported == []


def test_cancelling_ends_a_call_that_waits_for_results(two: Workers, gate: Gate) -> None:
    work = two.submit(range(3), gate.process)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(work.results)
        gate.wait_for(2)
        work.cancel()
        assert isinstance(waiting.exception(PATIENCE), CancelledError)


def test_complete_work_can_be_cancelled(two: Workers) -> None:
    ended: list[str] = []
    work = two.submit(range(3), lambda item: item, on_end=lambda: ended.append("once"))
    assert sorted(work.results()) == [0, 1, 2]
    work.cancel()
    assert ended == ["once"]


class Image:
    """A stand-in for an image, which must not stay in memory."""


@pytest.mark.parametrize("ending", ["cancelled", "failed", "complete"])
def test_no_result_stays_in_memory(two: Workers, gate: Gate, ending: str) -> None:
    alive: weakref.WeakSet[Image] = weakref.WeakSet()

    def process(item: int) -> Image:
        image = Image()
        alive.add(image)
        if item == 2:
            gate.process(item)
            if ending == "failed":
                raise ZeroDivisionError(image)
        return image

    work: Work[int, Image] | None = two.submit(range(3), process)
    assert work is not None
    gate.wait_for(1)
    assert two.submit([0], lambda item: item).results() == [0]  # after 0 and 1 of `work`
    assert len(alive) == 3
    if ending == "cancelled":
        work.cancel()
    gate.open()
    if ending == "complete":
        assert len(work.results()) == 3
    else:
        with pytest.raises(CancelledError if ending == "cancelled" else ZeroDivisionError):
            work.results()
        assert work._results == []
    work = None
    assert two.submit(range(2), lambda item: item).results()
    gc.collect()
    assert len(alive) == 0


def test_work_that_is_cancelled_after_an_error_does_not_keep_what_the_error_refers_to(two: Workers) -> None:
    alive: weakref.WeakSet[Image] = weakref.WeakSet()

    def process(_item: int) -> Image:
        image = Image()
        alive.add(image)
        raise ZeroDivisionError

    work = two.submit([1], process)
    assert two.submit([7], lambda item: item).results() == [7]
    work.cancel()
    gc.collect()
    assert len(alive) == 0
    with pytest.raises(CancelledError):
        work.results()


def test_an_error_of_one_item_ends_the_work_and_not_the_workers(two: Workers, gate: Gate) -> None:
    def process(item: int) -> int:
        if item == 1:
            gate.wait_for(1)
            raise ZeroDivisionError("a bug")
        return gate.process(item)

    ended: list[str] = []
    work = two.submit(range(20), process, on_end=lambda: ended.append("once"))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        work.results()
    gate.open()
    assert sorted(two.submit(range(9), lambda item: item).results()) == list(range(9))
    assert gate.begun == [0]
    assert ended == ["once"]


def test_an_error_at_the_end_is_not_swallowed(two: Workers) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        two.submit([1], int, on_end=broken).results()
    assert two.submit([1], int).results() == [1]


def test_closed_workers_cancel_all_work_and_begin_again_with_new_work(two: Workers, gate: Gate) -> None:
    first, second = two.submit(range(20), gate.process), two.submit(range(20, 40), gate.process)
    gate.wait_for(2)
    two.close()
    for work in (first, second):
        with pytest.raises(CancelledError):
            work.results()
    later = two.submit([7], lambda item: item)
    assert gate.nothing_more_is_begun()
    gate.open()
    assert later.results() == [7]
    assert sorted(gate.begun) == [0, 1]


def test_new_limits_apply_to_work_that_waits(two: Workers, gate: Gate) -> None:
    work = two.submit(range(4), gate.process)
    gate.wait_for(2)
    two.set_limits(1, 500)
    other = two.submit([5], gate.process)
    assert gate.nothing_more_is_begun()
    two.set_limits(3, 500)
    more = two.submit([6], gate.process)
    gate.wait_for(1)
    assert gate.nothing_more_is_begun()
    gate.open()
    assert sorted(work.results() + other.results() + more.results()) == [0, 10, 20, 30, 50, 60]
    assert two.budget.limit == 500


def test_a_lower_limit_ends_workers(two: Workers, gate: Gate) -> None:
    work = two.submit(range(2), gate.process)
    gate.wait_for(2)
    two.set_limits(1, 500)
    second_gate = Gate()
    later = two.submit(range(2, 5), second_gate.process)
    gate.open()
    assert sorted(work.results()) == [0, 10]
    second_gate.wait_for(1)
    assert second_gate.nothing_more_is_begun()
    second_gate.open()
    assert later.results() == [20, 30, 40]


@pytest.fixture
def of_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(workers, "_of_process", None)
    yield
    close_workers()


@pytest.mark.usefixtures("of_process")
def test_a_process_has_one_set_of_workers_with_the_limits_given_last(tmp_path: Path) -> None:
    settings = config(tmp_path)
    barrier = threading.Barrier(8)

    def first() -> Workers:
        barrier.wait(PATIENCE)
        return workers_for(settings)

    with ThreadPoolExecutor(8) as pool:
        ids = {id(future.result()) for future in [pool.submit(first) for _ in range(8)]}
    shared = workers_for(settings)
    assert ids == {id(shared)}
    budget = shared.budget
    for threads, memory in ((3, 10), (1, 20)):
        other = workers_for(dataclasses.replace(settings, threads=threads, memory=memory))
        assert other is shared
        assert other.budget is budget
        assert (other._limit, other.budget.limit) == (threads, memory)


@pytest.mark.usefixtures("of_process")
def test_memory_that_the_previous_configuration_holds_counts_for_the_next(tmp_path: Path) -> None:
    first, second = (dataclasses.replace(config(tmp_path), memory=memory) for memory in (100, 120))
    admitted = threading.Event()

    def admit() -> None:
        with workers_for(second).budget.admit(50):
            admitted.set()

    with workers_for(first).budget.admit(80):
        thread = threading.Thread(target=admit)
        thread.start()
        assert not admitted.wait(A_MOMENT)  # 80 + 50 > 120
    assert admitted.wait(PATIENCE)
    thread.join()


@pytest.mark.usefixtures("of_process")
def test_closing_before_there_are_workers_creates_none() -> None:
    close_workers()
    assert workers._of_process is None
