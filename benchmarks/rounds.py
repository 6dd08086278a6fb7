"""Rounds of measurements: every command runs on a small and a large folder, to separate start-up from the work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Run, repeat_files

# Runs a command: (source folder, output folder) -> its measurement.
Command = Callable[[Path, Path], Run]


def small_and_large(folder: Path, count: int, place: Path) -> dict[int, Path]:
    """Create folders of `count` and of an eighth of `count` files below `place`. Return number of files -> folder."""
    return {number: repeat_files(folder, number, place / f"in{number}") for number in (count // 8, count)}


class Round:
    """One measurement of every command on both folders.

    Args:
        commands: name -> command.
        folders: the result of `small_and_large`.
        out: the output folder, which is deleted after each command.
    """

    def __init__(self, commands: dict[str, Command], folders: dict[int, Path], out: Path) -> None:
        self.small, self.large = sorted(folders)
        self.runs: dict[tuple[str, int], Run] = {}
        for count, folder in folders.items():
            for name, command in commands.items():
                self.runs[name, count] = command(folder, out)
                shutil.rmtree(out, ignore_errors=True)

    def seconds(self, name: str) -> float:
        """Return the seconds of the whole command on the large folder."""
        return self.runs[name, self.large].seconds

    def seconds_per_image(self, name: str) -> float:
        """Return the seconds per image without start-up: the slope between the two folders."""
        seconds = self.seconds(name) - self.runs[name, self.small].seconds
        return seconds / (self.large - self.small)

    def cpu_seconds_per_image(self, name: str) -> float:
        """Return the CPU seconds per image without start-up. Other programs on the machine hardly affect them."""
        seconds = self.runs[name, self.large].cpu_seconds - self.runs[name, self.small].cpu_seconds
        return seconds / (self.large - self.small)

    def megabytes(self, name: str) -> float:
        """Return the peak memory on the large folder in MB."""
        return self.runs[name, self.large].megabytes
