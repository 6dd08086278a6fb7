"""Commands side by side: each on a small and on a large folder, so that start-up can be told from the work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Run, repeated

Command = Callable[[Path, Path], Run]


def small_and_large(folder: Path, count: int, place: Path) -> dict[int, Path]:
    """Folders with an eighth of `count` and with `count` files, made below `place` from those of `folder`."""
    return {number: repeated(folder, number, place / f"in{number}") for number in (count // 8, count)}


class Round:
    """One measurement of every command, on `small` and on `large` images."""

    def __init__(self, commands: dict[str, Command], folders: dict[int, Path], out: Path) -> None:
        self.small, self.large = sorted(folders)
        self.runs: dict[tuple[str, int], Run] = {}
        for count, folder in folders.items():
            for name, command in commands.items():
                self.runs[name, count] = command(folder, out)
                shutil.rmtree(out, ignore_errors=True)

    def whole(self, name: str) -> float:
        """Seconds of the whole command on the large folder."""
        return self.runs[name, self.large].seconds

    def slope(self, name: str) -> float:
        """Seconds an image, without start-up."""
        seconds = self.whole(name) - self.runs[name, self.small].seconds
        return seconds / (self.large - self.small)

    def memory(self, name: str) -> float:
        """Peak in MB."""
        return self.runs[name, self.large].megabytes
