import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from transforms.budget import MemoryBudget, machine_memory
from transforms.imaging.errors import ImageError, Kind


def test_what_is_held_at_the_same_time_stays_within_the_limit() -> None:
    budget = MemoryBudget(100)
    lock = threading.Lock()
    held, most = 0, 0

    def work(needed: int) -> None:
        nonlocal held, most
        with budget.admit(needed):
            with lock:
                held += needed
                most = max(most, held)
            time.sleep(0.001)
            with lock:
                held -= needed

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [10, 60, 30, 100, 45, 55, 70] * 10))
    assert held == 0
    assert 70 < most <= 100


def test_room_comes_back_after_an_error() -> None:
    budget = MemoryBudget(10)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.admit(10):
            raise ZeroDivisionError


def test_what_never_fits_is_a_failure_that_another_machine_may_mend() -> None:
    with pytest.raises(ImageError) as caught, MemoryBudget(10_000_000).admit(12_000_000):
        raise AssertionError("not admitted")
    assert caught.value.kind is Kind.TOO_LARGE
    assert str(caught.value) == "decoding takes 12 MB, more than the whole budget: raise --memory"


def test_machine_memory_is_that_of_this_machine() -> None:
    with open("/proc/meminfo", encoding="ascii") as file:
        total = int(file.readline().split()[1]) * 1024
    assert 0 < machine_memory() <= total
