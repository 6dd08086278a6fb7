"""Compare image_resizer with other tools: `python -m benchmarks.peers FOLDER ... [--tools TOOL ...]`.

The tools are installed first: Python and Node packages below build/peers, and Debian packages (libvips-tools,
imagemagick) on the machine if the user is root. A tool that cannot be installed is left out, with a message.

All tools write JPEGs of quality 75 whose longest side is 512 px. In each round, every tool resizes a small and a large
folder, on one core and on two. The slope between the two folders is the time without start-up. Some tools take seconds
to start, and this time varies: choose N so that their work takes several times as long. With a multiple of 128, the
two workers of every pool get the same number of files.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import PIL

from benchmarks.measure import machine
from benchmarks.peers.compare import CORES, SAMPLE, Comparison, leaving_out
from benchmarks.peers.install import pip
from benchmarks.peers.table import LEGEND, notes, table
from benchmarks.peers.tools import REFERENCE, SIZE, TOOLS, Tool


def _installed(tools: Sequence[Tool]) -> tuple[dict[str, str], dict[str, str]]:
    """Install the tools. Return tool -> version, and tool -> reason for the tools that are left out."""
    versions: dict[str, str] = {}
    left_out: dict[str, str] = {}
    with leaving_out("similarity", left_out):
        pip("similarity", "scikit-image", f"pillow=={PIL.__version__}")
    for tool in tools:
        with leaving_out(tool.name, left_out):
            tool.install()
            versions[tool.name] = tool.version()
    return versions, left_out


def compare(tools: Sequence[Tool], folder: Path, count: int, rounds: int, left_out: Mapping[str, str]) -> None:
    """Print the table of one folder."""
    with tempfile.TemporaryDirectory() as temporary:
        comparison = Comparison(tools, folder, count, Path(temporary), dict(left_out))
        comparison.measure_similarity()
        for _ in range(rounds):
            comparison.run_round()
    if REFERENCE.name in comparison.left_out:
        raise SystemExit(
            f"the {REFERENCE.name} failed, and the others are compared with it: {comparison.left_out[REFERENCE.name]}"
        )
    print(
        f"\n{folder.name}, {count} files, resized to {SIZE} px; medians of {rounds} rounds; "
        f"similarity of at most {SAMPLE} files\n"
    )
    print("\n".join(table(comparison)), f"\n\n{LEGEND}\n", flush=True)
    for name, reason in comparison.left_out.items():
        print(f"left out: {name}: {reason}", flush=True)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, help="flat folders of JPEG files")
    parser.add_argument("--count", type=int, default=256, help="files in the large folder (default: 256)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    parser.add_argument(
        "--tools",
        nargs="+",
        choices=[tool.name for tool in TOOLS],
        metavar="TOOL",
        help=f"the tools to compare with the {REFERENCE.name} (default: all)",
    )
    args = parser.parse_args()
    tools = [tool for tool in TOOLS if args.tools is None or tool is REFERENCE or tool.name in args.tools]
    if len(os.sched_getaffinity(0)) < max(CORES):
        parser.error(f"fewer than {max(CORES)} cores are available: use a machine with more")
    versions, left_out = _installed(tools)
    print(machine())
    for folder in args.folders:
        compare(tools, folder, args.count, args.rounds, left_out)
    print("\n".join(["", *notes(tools, versions)]))


if __name__ == "__main__":
    main()
