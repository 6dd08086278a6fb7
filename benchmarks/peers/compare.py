"""Run every tool on one folder: once to compare its results with the exact pixels, then in rounds for speed."""

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

# The exceptions of a tool that is missing or broken.
_FAILURES = (RuntimeError, OSError, subprocess.SubprocessError)
_NOT_RUN = Run(float("nan"), float("nan"), float("nan"), {})


class Similarity(NamedTuple):
    """The similarity of a tool's results to the exact pixels, with an entry for each image."""

    psnr: list[float]
    ssim: list[float]


class Comparison:
    """All tools on one folder.

    Args:
        tools: the tools to compare.
        folder: a flat folder of JPEG files.
        count: the number of files in the large folder, which is made from `folder`.
        place: an empty folder to work in.
        left_out: tool -> reason why it is not run. Tools that fail are added.
    """

    def __init__(self, tools: Sequence[Tool], folder: Path, count: int, place: Path, left_out: dict[str, str]) -> None:
        self.left_out = left_out
        self.similarity: dict[str, Similarity] = {}
        self.rounds: dict[int, list[Round]] = {number: [] for number in CORES}
        self.floors: list[list[float]] = []
        self._tools = tools
        self._folders = small_and_large(folder, count, place)
        self._sample = sample(folder, place / "sample")
        self._out = place / "out"

    @property
    def tools(self) -> list[Tool]:
        """The tools that are not left out."""
        return [tool for tool in self._tools if tool.name not in self.left_out]

    def measure_similarity(self) -> None:
        """Compare the results of each tool with the exact pixels, as PNG if possible: JPEG would change the pixels."""
        for tool in self.tools:
            extension = "png" if tool.lossless else "jpg"
            with leaving_out(tool.name, self.left_out):
                tool.run(self._sample, self._out, max(CORES), extension)
            if tool.name not in self.left_out:
                with leaving_out(f"similarity of {tool.name}", self.left_out):
                    self.similarity[tool.name] = self._similarity(extension)
            shutil.rmtree(self._out, ignore_errors=True)

    def _similarity(self, extension: str) -> Similarity:
        arguments = (str(self._sample), str(self._out), extension, str(SIZE))
        return Similarity(**json.loads(output(python("similarity"), "-m", "benchmarks.peers.similarity", *arguments)))

    def run_round(self) -> None:
        """Measure every tool on one core and on two, and the lower bounds on one."""
        for count in CORES:
            with cores(count):
                commands = {tool.name: self._command(tool, count) for tool in self.tools}
                self.rounds[count].append(Round(commands, self._folders, self._out))
        with cores(1):
            smallest = self._folders[min(self._folders)]
            seconds = output(sys.executable, "-m", "benchmarks.peers.floor", str(smallest), str(SIZE)).split()
            self.floors.append(list(map(float, seconds)))

    def _command(self, tool: Tool, workers: int) -> Command:
        def run(source: Path, out: Path) -> Run:
            measured = _NOT_RUN
            if tool.name not in self.left_out:
                with leaving_out(tool.name, self.left_out):
                    measured = tool.run(source, out, workers)
            return measured

        return run


@contextlib.contextmanager
def leaving_out(name: str, left_out: dict[str, str]) -> Iterator[None]:
    """If the block fails, add the reason to `left_out`, print it, and continue."""
    try:
        yield
    except _FAILURES as error:
        left_out[name] = " ".join(str(error).split())[:200]
        print(f"left out: {name}: {left_out[name]}", file=sys.stderr)


@contextlib.contextmanager
def cores(count: int) -> Iterator[None]:
    """Restrict this process, and those that it starts in the block, to the last `count` cores."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def sample(folder: Path, into: Path) -> Path:
    """Copy up to `SAMPLE` files, spread evenly over `folder`, to the folder `into`, and return it."""
    sources = sorted(path for path in folder.iterdir() if path.is_file())
    into.mkdir(parents=True)
    number = min(SAMPLE, len(sources))
    for source in (sources[index * len(sources) // number] for index in range(number)):
        shutil.copyfile(source, into / source.name)
    return into
