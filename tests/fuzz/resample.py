"""Resizes against Pillow's: `python -m tests.fuzz.resample --cases 20000 --sanitize`, some three minutes on one core.

Each case is one image of random bytes, with any size, mode, box and filter. Every instruction set of this machine
must produce the same bytes from it as Pillow. With `--sanitize` the extension is recompiled with AddressSanitizer
and UndefinedBehaviorSanitizer (gcc), which end the process at the first error. `--first 123 --cases 1` repeats one
case.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz import sanitized
from tests.transforms.imaging.resizes import any_resize, blocks_of, difference
from transforms.imaging import resample


def failures(number: int) -> list[str]:
    """Return a sentence for each instruction set whose result differs in a case."""
    # Every fourth case is in blocks so small that its rows are copied in strips.
    with blocks_of(8192, 2048) if number % 4 == 0 else contextlib.nullcontext():
        case = any_resize(number)
        results = {name: difference(case, name) for name in resample.instruction_sets()}
    return [f"case {number}, {name}: {case}: {wrong}" for name, wrong in results.items() if wrong]


def _sanitized(argv: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        library = sanitized.build(Path(folder), *sanitized.SANITIZERS)
        command = [sys.executable, "-m", "tests.fuzz.resample", *argv, "--library", str(library)]
        return subprocess.run(command, env=sanitized.environment(), check=False).returncode


def main(argv: list[str]) -> int:
    """Run the cases and print those that differ. Return 1 if there are any, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.resample", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=20_000, help="how many (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first one's number (default %(default)s)")
    parser.add_argument("--sanitize", action="store_true", help="compile the extension with sanitizers")
    parser.add_argument("--library", type=Path, help="a built extension to use in the place of the installed one")
    arguments = parser.parse_args(argv)
    if arguments.sanitize:
        return _sanitized([word for word in argv if word != "--sanitize"])
    if arguments.library:
        sanitized.load(arguments.library)
    numbers = range(arguments.first, arguments.first + arguments.cases)
    found = [sentence for number in numbers for sentence in failures(number)]
    print(*found, sep="\n", end="\n" if found else "")
    sets = ", ".join(resample.instruction_sets())
    print(f"{arguments.cases} cases, instruction sets {sets or 'none'}: {len(found)} differ from Pillow")
    return 1 if found or not sets else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
