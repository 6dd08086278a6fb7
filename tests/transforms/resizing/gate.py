"""Images whose processing is blocked in the worker process."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.poison import poison

PATIENCE = 30  # the seconds that a test waits before it fails
A_MOMENT = 0.3  # seconds in which nothing must happen


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Gate:
    """Blocks each poisoned image until `open` is called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self._begun, self._opened = tmp_path / "begun", tmp_path / "opened"
        self._begun.mkdir()
        action = (
            f"open(f'{self._begun}/{{os.getpid()}}-{{time.monotonic_ns()}}', 'w').close();"
            f" [time.sleep(0.01) for _ in range({100 * PATIENCE}) if not os.path.exists({str(self._opened)!r})]"
        )
        monkeypatch.setenv("PYTHONPATH", poison(tmp_path / "site", action))

    @property
    def begun(self) -> int:
        return len(list(self._begun.iterdir()))

    def wait_for(self, count: int) -> None:
        """Wait until the processing of `count` images has begun, counted from the start."""
        wait_until(lambda: self.begun == count)

    def nothing_more_is_begun(self) -> bool:
        before = self.begun
        time.sleep(A_MOMENT)
        return self.begun == before

    def open(self) -> None:
        self._opened.touch()
