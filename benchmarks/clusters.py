"""Compare a Flink cluster on this machine with a local run: `python -m benchmarks.clusters FOLDER [--count N]`.

Each figure is without start-up: the slope between a small and a large folder, in one round. The cluster is started for
each run, with one slot for each TaskManager, and all processes share the cores of this machine.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import tempfile
from pathlib import Path

from benchmarks.measure import Run, image_resizer, machine
from benchmarks.rounds import Command, Round, small_and_large

LOCAL = "local, -j 2"
# Shards of forty images, so that the last ones do not leave a slot idle for long.
_FLAGS = ("-s", 512, "--images_per_shard", 40, "--log_level", "error")


def _on_cluster(count: int, source: Path, out: Path) -> Run:
    return image_resizer(source, out, *_FLAGS, "--local_cluster", count, processes=None)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.clusters", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a flat folder of JPEG files")
    parser.add_argument("--count", type=int, default=2000, help="files in the large folder (default: 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    parser.add_argument("--task_managers", type=int, nargs="+", default=[1, 2, 4], help="(default: 1 2 4)")
    args = parser.parse_args()
    commands: dict[str, Command] = {LOCAL: lambda source, out: image_resizer(source, out, *_FLAGS)}
    for count in args.task_managers:
        commands[f"--local_cluster {count}"] = functools.partial(_on_cluster, count)
    print(f"{machine()}; {args.folder.name}, {args.count} files, resized to 512 px; rounds: {args.rounds}\n")
    with tempfile.TemporaryDirectory() as temporary:
        folders = small_and_large(args.folder, args.count, Path(temporary))
        rounds = [Round(commands, folders, Path(temporary) / "out") for _ in range(args.rounds)]
    print("| command | images/s | of the local run | start-up, s | peak of all processes, MB |")
    print("| --- | --- | --- | --- | --- |")
    for name in commands:
        rates = [1 / each.seconds_per_image(name) for each in rounds]
        shares = [each.seconds_per_image(LOCAL) / each.seconds_per_image(name) for each in rounds]
        starts = [each.seconds(name) - each.large * each.seconds_per_image(name) for each in rounds]
        memory = statistics.median(each.megabytes(name) for each in rounds)
        cells = " | ".join(map(_range, (rates, shares, starts)))
        print(f"| {name} | {cells} | {memory:,.0f} |", flush=True)


def _range(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
