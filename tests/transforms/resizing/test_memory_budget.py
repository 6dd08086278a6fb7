import contextlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from transforms.imaging.errors import ImageError, Kind
from transforms.resizing import memory_budget as budget_module
from transforms.resizing.memory_budget import MemoryBudget, machine_memory

PATIENCE = 30  # seconds that a test waits before it fails
A_MOMENT = 0.2  # seconds in which nothing must happen


class Holder(threading.Thread):
    """Holds memory in a thread of its own, from `admitted` until `release` is called; `error` says why it does not."""

    def __init__(self, context: contextlib.AbstractContextManager[None]) -> None:
        super().__init__(daemon=True)
        self._context = context
        self._admitted, self._released = threading.Event(), threading.Event()
        self.error: ImageError | None = None
        self.start()

    def run(self) -> None:
        try:
            with self._context:
                self._admitted.set()
                assert self._released.wait(PATIENCE)
        except ImageError as error:
            self.error = error

    def is_admitted(self) -> bool:
        return self._admitted.wait(PATIENCE)

    def waits(self) -> bool:
        return not self._admitted.wait(A_MOMENT)

    def release(self) -> None:
        self._released.set()
        self.join(PATIENCE)


def test_images_that_fit_together_are_admitted_and_others_wait() -> None:
    budget = MemoryBudget(100)
    first, second = Holder(budget.admit(60)), Holder(budget.admit(40))
    assert first.is_admitted()
    assert second.is_admitted()
    third = Holder(budget.admit(41))
    assert third.waits()
    second.release()
    assert third.waits()  # 60 + 41 > 100
    first.release()
    assert third.is_admitted()
    third.release()


def test_many_threads_never_hold_more_than_the_limit() -> None:
    budget = MemoryBudget(100)
    lock = threading.Lock()
    held, most = 0, 0

    def work(needed: int) -> None:
        nonlocal held, most
        with budget.admit(needed):
            with lock:
                held += needed
                most = max(most, held)
            with lock:
                held -= needed

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [10, 60, 30, 100, 45, 55, 70] * 100))
    assert held == 0
    assert most == 100  # at least one alone takes it all


def test_memory_is_released_after_an_error() -> None:
    budget = MemoryBudget(10)
    for admit in (lambda: budget.admit(10), budget.admit_alone):
        for _ in range(3):
            with pytest.raises(ZeroDivisionError), admit():
                raise ZeroDivisionError
    with budget.admit(10):
        pass
    assert budget._used == 0


def test_an_image_larger_than_the_budget_fails_with_advice() -> None:
    with pytest.raises(ImageError) as caught, MemoryBudget(10_000_000).admit(12_000_000):
        raise AssertionError("not admitted")
    assert caught.value.kind is Kind.TOO_LARGE
    assert str(caught.value) == "decoding takes 12 MB, more than the whole budget: raise --memory"


def test_an_image_that_is_admitted_alone_waits_for_all_others_and_holds_them_up() -> None:
    budget = MemoryBudget(100)
    before = Holder(budget.admit(1))
    assert before.is_admitted()
    alone = Holder(budget.admit_alone())
    assert alone.waits()
    after = Holder(budget.admit(1))
    assert after.waits()  # it would fit beside `before`, but `alone` came first
    before.release()
    assert alone.is_admitted()
    assert after.waits()
    alone.release()
    assert after.is_admitted()
    after.release()


def test_only_one_image_is_admitted_alone_at_a_time() -> None:
    budget = MemoryBudget(100)
    first = Holder(budget.admit_alone())
    assert first.is_admitted()
    second = Holder(budget.admit_alone())
    assert second.waits()
    first.release()
    assert second.is_admitted()
    second.release()


@pytest.fixture
def full() -> Iterator[MemoryBudget]:
    """Return a budget of 100 bytes, 80 of them held."""
    budget = MemoryBudget(100)
    holder = Holder(budget.admit(80))
    assert holder.is_admitted()
    yield budget
    holder.release()


def test_a_higher_limit_admits_an_image_that_waits(full: MemoryBudget) -> None:
    waiting = Holder(full.admit(50))
    assert waiting.waits()
    full.limit = 130
    assert waiting.is_admitted()
    waiting.release()


def test_a_lower_limit_fails_an_image_that_waits_and_would_never_fit(full: MemoryBudget) -> None:
    waiting = Holder(full.admit(50))
    assert waiting.waits()
    full.limit = 40
    waiting.join(PATIENCE)
    assert waiting.error is not None
    assert waiting.error.kind is Kind.TOO_LARGE


def test_machine_memory_is_at_most_that_of_this_machine() -> None:
    with open("/proc/meminfo", encoding="ascii") as file:
        total = int(file.readline().split()[1]) * 1024
    assert 0 < machine_memory() <= total


@pytest.mark.parametrize("limit", [None, 9223372036854771712, 1_000_000])
def test_the_limit_of_a_container_counts_if_it_is_smaller(monkeypatch: pytest.MonkeyPatch, limit: int | None) -> None:
    monkeypatch.setattr(budget_module, "own_memory_limit", lambda: limit)
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert machine_memory() == (1_000_000 if limit == 1_000_000 else physical)
