"""The core with and without its C extension: `python -m benchmarks.resample FOLDER ... [--size 512] [--rounds 5]`.

One thread decodes, resizes and encodes in memory. Each image is processed in every way in turn, `rounds` times, and its
fastest time counts. The figures are CPU milliseconds, as means over the images. The resulting bytes are compared, too.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from PIL import Image

from benchmarks.measure import machine
from transforms.imaging import resample
from transforms.imaging.errors import Stage
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec

FIRST_SCRIPT = "first script"
PILLOW = "Pillow"
STAGES = (Stage.DECODE, Stage.RESIZE, Stage.ENCODE)


class Timed(NamedTuple):
    """One image processed in one way: the CPU milliseconds of each stage, and the SHA-256 of the file."""

    stages: dict[Stage, float]
    sha256: str

    @property
    def total(self) -> float:
        """All stages together."""
        return sum(self.stages.values())


class Watch:
    """Measures the CPU time of consecutive stages."""

    def __init__(self) -> None:
        self.stages: defaultdict[Stage, float] = defaultdict(float)
        self._start = time.thread_time()

    def lap(self, stage: Stage) -> None:
        """End a stage."""
        now = time.thread_time()
        self.stages[stage] += 1000 * (now - self._start)
        self._start = now


def by_core(data: bytes, size: int) -> Timed:
    """Process an image as the command does."""
    watch = Watch()
    output = process_image(data, ResizeSpec(sizes=(size,), extension="jpg"), lap=watch.lap).outputs[size]
    if not isinstance(output, Encoded):
        raise output
    return Timed(dict(watch.stages), output.sha256)


def by_first_script(data: bytes, size: int) -> Timed:
    """Process an image as the first image_resizer.py did: decode it at full size, and resize it with Pillow."""
    watch = Watch()
    image = Image.open(io.BytesIO(data)).convert("RGB")
    watch.lap(Stage.DECODE)
    width, height = image.size
    scale = size / max(width, height)
    target = (size, int(height * scale)) if width >= height else (int(width * scale), size)
    resized = image.resize(target, Image.Resampling.LANCZOS)
    watch.lap(Stage.RESIZE)
    body = io.BytesIO()
    resized.save(body, "JPEG")
    watch.lap(Stage.ENCODE)
    return Timed(dict(watch.stages), hashlib.sha256(body.getvalue()).hexdigest())


@contextlib.contextmanager
def resizing_by(instruction_set: str | None) -> Iterator[None]:
    """Let the core resize with this instruction set; with Pillow if it is None."""
    with mock.patch.object(resample, "active_instruction_set", return_value=instruction_set):
        yield


def _core_with(instruction_set: str | None) -> Callable[[bytes, int], Timed]:
    def timed(data: bytes, size: int) -> Timed:
        with resizing_by(instruction_set):
            return by_core(data, size)

    return timed


def ways() -> dict[str, Callable[[bytes, int], Timed]]:
    """Return name -> function of each way to process an image."""
    sets = [name for name in resample.instruction_sets() if name != resample.PORTABLE]
    return {FIRST_SCRIPT: by_first_script, PILLOW: _core_with(None), **{name: _core_with(name) for name in sets}}


def fastest(data: bytes, size: int, rounds: int) -> dict[str, Timed]:
    """Process one image in every way in turn, `rounds` times, and return the fastest time of each way."""
    runs = defaultdict(list)
    for _ in range(rounds):
        for name, way in ways().items():
            runs[name].append(way(data, size))
    return {name: min(timed, key=lambda one: one.total) for name, timed in runs.items()}


def measure(folder: Path, size: int, rounds: int) -> None:
    """Print the table of one folder."""
    images = [fastest(path.read_bytes(), size, rounds) for path in sorted(folder.iterdir()) if path.is_file()]
    print(f"\n{folder.name} -> {size}, {len(images)} files, CPU ms an image\n")
    print("| resized by | decode | resize | encode | together | first script / this | Pillow / this | same bytes |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in images[0]:
        stages = [statistics.mean(image[name].stages[stage] for image in images) for stage in STAGES]
        ratios = [
            statistics.median(image[other].total / image[name].total for image in images)
            for other in (FIRST_SCRIPT, PILLOW)
        ]
        same = sum(image[name].sha256 == image[PILLOW].sha256 for image in images)
        figures = " | ".join(f"{figure:.2f}" for figure in (*stages, sum(stages), *ratios))
        print(f"| {name} | {figures} | {same} of {len(images)} |", flush=True)


def main() -> None:
    """Measure the folders of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="flat folders of JPEG files")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(machine())
    for folder in args.folders:
        measure(folder, args.size, args.rounds)


if __name__ == "__main__":
    main()
