"""Garbage: `python -m tests.fuzz --cases 20000 --seed 1`, some three minutes on one core.

Whatever a file's bytes are, each size of it is written, skipped, or failed by a known kind; nothing is raised, no
process dies or hangs, one in four is made twice with the same bytes, and the process grows by no more than
1.25 times what the image was admitted with (`imaging.memory`) and 16 MB: `trial.TIMES`, `trial.ASIDE`. An image
that needs more than 256 MB is not admitted (`--memory`). A case is made from the seed and its number alone:
`python -m tests.fuzz --seed 1 --case 123` makes it again, and with `--save FILE` writes its bytes. One case in three
becomes a thumbnail of the report as well, and one in fifty goes through `--estimate`.

glibc notices what is written past the end of a block with
`LD_PRELOAD=libc_malloc_debug.so MALLOC_CHECK_=3 MALLOC_PERTURB_=85` in front of the command; how much memory a case
takes is not judged then.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests.fuzz.cases import case_of
from tests.fuzz.driver import Plan, reports
from tests.fuzz.trial import MB, Report


class Tally:
    """What the cases came to."""

    def __init__(self) -> None:
        self.cases = 0
        self.outcomes: Counter[str] = Counter()
        self.problems: list[Report] = []
        self.slowest = self.largest = Report(0)

    def add(self, report: Report) -> None:
        """Counts a case by its largest size."""
        self.cases += 1
        if report.problem:
            self.problems.append(report)
        self.outcomes[report.outcomes[0] if report.outcomes else "no-outcome"] += 1
        self.slowest = max(self.slowest, report, key=lambda one: one.seconds)
        self.largest = max(self.largest, report, key=lambda one: one.peak)

    def __str__(self) -> str:
        failed = self.outcomes.copy()
        written, skipped = failed.pop("written", 0), failed.pop("skipped", 0)
        kinds = ", ".join(f"{kind} {count}" for kind, count in failed.most_common())
        return (
            f"{self.cases} cases: {written} written, {skipped} skipped, {failed.total()} failed ({kinds}); "
            f"slowest {self.slowest.seconds:.1f} s (case {self.slowest.number}); "
            f"peak memory {self.largest.peak / MB:.0f} MB (case {self.largest.number}); "
            f"{len(self.problems)} problems"
        )


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=20_000, help="how many (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first one's number (default %(default)s)")
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--case", type=int, help="this one only")
    parser.add_argument("--save", type=Path, help="with --case: a file for its bytes")
    parser.add_argument("--memory", type=int, default=Plan().memory, help="bytes to admit images in")
    parser.add_argument("--seconds", type=float, default=Plan().seconds, help="that one case may take")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Tries the cases, and tells of the ones with problems; 1 if there are any."""
    given = _arguments(argv)
    numbers = range(given.first, given.first + given.cases)
    if given.case is not None:
        numbers = range(given.case, given.case + 1)
        case = case_of(given.seed, given.case)
        print(f"{case.name}, {len(case.data)} bytes, {case.spec}")
        if given.save:
            given.save.write_bytes(case.data)
    tally = Tally()
    for report in reports(Plan(given.seed, given.memory, given.seconds), numbers):
        tally.add(report)
        if report.problem:
            print(f"case {report.number} ({report.name}): {report.problem}", flush=True)
    print(tally)
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
