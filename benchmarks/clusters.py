"""Compare a Flink cluster on this machine with a local run: `python -m benchmarks.clusters FOLDER [--count N]`.

A rate comes from the run's record and covers the time from the first committed shard to the last one: a cluster takes
most of a minute to start, and this time varies by more than the images take. The cluster is started for each run, with
one slot per TaskManager, and all processes share the cores of this machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import image_resizer, machine, repeat_files
from transforms.dataset import state
from transforms.model.records import RUN_DIR

_LOCAL = "local, -j 2"
# Shards have twenty images, so that the last ones do not leave a slot idle for long.
_FLAGS = ("-s", 512, "--images_per_shard", 20, "--log_level", "error")


class _Measured(NamedTuple):
    """One run: images per second while resizing, all other seconds, and the peak memory of all processes in MB."""

    rate: float
    other_seconds: float
    megabytes: float


def _measure(folder: Path, out: Path, task_managers: int) -> _Measured:
    if task_managers:
        run = image_resizer(folder, out, *_FLAGS, "--local_cluster", task_managers, processes=None)
    else:
        run = image_resizer(folder, out, *_FLAGS)
    (path,) = state.paths(str(out), f"{RUN_DIR}/history-")
    series = json.loads(state.read(str(out), path) or b"")["series"]
    shutil.rmtree(out)
    (begin, few), (end, many) = next(point for point in series if point[1]), series[-1]
    return _Measured((many - few) / (end - begin), run.seconds - (end - begin), run.megabytes)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.clusters", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a flat folder of JPEG files")
    parser.add_argument("--count", type=int, default=2000, help="files (default: 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    parser.add_argument("--task_managers", type=int, nargs="+", default=[1, 2, 4], help="(default: 1 2 4)")
    args = parser.parse_args()
    commands = {_LOCAL: 0, **{f"--local_cluster {count}": count for count in args.task_managers}}
    print(f"{machine()}; {args.folder.name}, {args.count} files, resized to 512 px; rounds: {args.rounds}\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = repeat_files(args.folder, args.count, Path(temporary) / "in")
        rounds = [
            {name: _measure(folder, Path(temporary) / "out", count) for name, count in commands.items()}
            for _ in range(args.rounds)
        ]
    print("| command | images/s | of the local run | other seconds | peak of all processes, MB |")
    print("| --- | --- | --- | --- | --- |")
    for name in commands:
        rates = [each[name].rate for each in rounds]
        shares = [each[name].rate / each[_LOCAL].rate for each in rounds]
        others = [each[name].other_seconds for each in rounds]
        memory = statistics.median(each[name].megabytes for each in rounds)
        cells = " | ".join(map(_range, (rates, shares, others)))
        print(f"| {name} | {cells} | {memory:,.0f} |", flush=True)


def _range(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
