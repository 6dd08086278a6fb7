import os

import pytest

from transforms.resizing import memory
from transforms.resizing.memory import machine_memory


def test_machine_memory_is_at_most_that_of_this_machine() -> None:
    with open("/proc/meminfo", encoding="ascii") as file:
        total = int(file.readline().split()[1]) * 1024
    assert 0 < machine_memory() <= total


@pytest.mark.parametrize("limit", [None, 9223372036854771712, 1_000_000])
def test_the_limit_of_a_container_counts_if_it_is_smaller(monkeypatch: pytest.MonkeyPatch, limit: int | None) -> None:
    monkeypatch.setattr(memory, "own_memory_limit", lambda: limit)
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert machine_memory.__wrapped__() == (1_000_000 if limit == 1_000_000 else physical)
