"""Runs every tool on one folder: once to look at its results, then in rounds for its speed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Run
from benchmarks.peers.install import output, python
from benchmarks.peers.tools import SIZE, Tool
from benchmarks.rounds import Command, Round, small_and_large

CORES = (1, 2)
SAMPLE = 12

# What a tool that is missing or broken may raise.
_FAILURES = (RuntimeError, OSError, subprocess.SubprocessError)
_NOT_RUN = Run(float("nan"), float("nan"))


class Likeness(NamedTuple):
    """How like the exact pixels a tool's results are, an entry a picture."""

    psnr: list[float]
    ssim: list[float]


class Comparison:
    """All tools on one folder.

    Args:
        tools: what is compared.
        folder: a flat folder of JPEG files.
        count: files in the large folder that is made of it.
        place: an empty folder to work in.
        left_out: the tools that are not run, with the reasons; those that fail are added.
    """

    def __init__(self, tools: Sequence[Tool], folder: Path, count: int, place: Path, left_out: dict[str, str]) -> None:
        self.left_out = left_out
        self.likeness: dict[str, Likeness] = {}
        self.rounds: dict[int, list[Round]] = {number: [] for number in CORES}
        self.floors: list[list[float]] = []
        self._tools = tools
        self._folders = small_and_large(folder, count, place)
        self._sample = sample(folder, place / "sample")
        self._out = place / "out"

    @property
    def tools(self) -> list[Tool]:
        """Those that are not left out."""
        return [tool for tool in self._tools if tool.name not in self.left_out]

    def look(self) -> None:
        """Measures the results of each tool, before they are encoded as JPEG if it can write PNG."""
        for tool in self.tools:
            extension = "png" if tool.lossless else "jpg"
            with leaving_out(tool.name, self.left_out):
                tool.run(self._sample, self._out, max(CORES), extension)
            if tool.name not in self.left_out:
                with leaving_out(f"likeness of {tool.name}", self.left_out):
                    self.likeness[tool.name] = self._likeness(extension)
            shutil.rmtree(self._out, ignore_errors=True)

    def _likeness(self, extension: str) -> Likeness:
        arguments = (str(self._sample), str(self._out), extension, str(SIZE))
        return Likeness(**json.loads(output(python("likeness"), "-m", "benchmarks.peers.likeness", *arguments)))

    def turn(self) -> None:
        """One round: every tool on one core and on two, and the floors on one, in seconds an image."""
        for count in CORES:
            with cores(count):
                commands = {tool.name: self._command(tool, count) for tool in self.tools}
                self.rounds[count].append(Round(commands, self._folders, self._out))
        with cores(1):
            smallest = self._folders[min(self._folders)]
            floors = output(sys.executable, "-m", "benchmarks.peers.floor", str(smallest), str(SIZE)).split()
            self.floors.append([float(seconds) for seconds in floors])

    def _command(self, tool: Tool, workers: int) -> Command:
        def run(source: Path, out: Path) -> Run:
            done = _NOT_RUN
            if tool.name not in self.left_out:
                with leaving_out(tool.name, self.left_out):
                    done = tool.run(source, out, workers)
            return done

        return run


@contextlib.contextmanager
def leaving_out(name: str, left_out: dict[str, str]) -> Iterator[None]:
    """Notes why something failed, if it does, and goes on."""
    try:
        yield
    except _FAILURES as error:
        left_out[name] = " ".join(str(error).split())[:200]
        print(f"left out: {name}: {left_out[name]}", file=sys.stderr)


@contextlib.contextmanager
def cores(count: int) -> Iterator[None]:
    """What is started meanwhile has `count` cores, the last ones."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def sample(folder: Path, into: Path) -> Path:
    """A folder with copies of up to `SAMPLE` files from all over `folder`."""
    sources = sorted(path for path in folder.iterdir() if path.is_file())
    into.mkdir(parents=True)
    number = min(SAMPLE, len(sources))
    for source in (sources[index * len(sources) // number] for index in range(number)):
        shutil.copyfile(source, into / source.name)
    return into
