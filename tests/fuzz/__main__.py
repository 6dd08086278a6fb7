"""Fuzzer: `python -m tests.fuzz --cases 20000 --seed 1` takes some three minutes on one core.

Whatever the bytes of a file, each size is written, skipped, or failed with a known kind. No exception is raised, and no
process dies or hangs. One case in four runs twice, and must produce the same bytes. The process grows by at most 1.25
times the memory for which the image was admitted (`imaging.memory`) plus 16 MB: `trial.TIMES`, `trial.ASIDE`. An image
that needs more than 256 MB is not admitted (`--memory`). One case in twenty also becomes a thumbnail of the report,
and one in fifty goes through `--estimate`.

The seed and the number of a case determine it completely: `python -m tests.fuzz --seed 1 --case 123` repeats a
case, and `--save FILE` writes its bytes.

With `LD_PRELOAD=libc_malloc_debug.so MALLOC_CHECK_=3 MALLOC_PERTURB_=85` before the command, glibc detects writes
past the end of a block; the memory of a case is not checked then.
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
    """The outcomes of the cases."""

    def __init__(self) -> None:
        self.cases = 0
        self.outcomes: Counter[str] = Counter()
        self.problems: list[Report] = []
        self.slowest = self.largest = Report(0)

    def add(self, report: Report) -> None:
        """Count a case by the outcome of its largest size."""
        self.cases += 1
        if report.problem:
            self.problems.append(report)
        self.outcomes[report.outcomes[0] if report.outcomes else "no-outcome"] += 1
        self.slowest = max(self.slowest, report, key=lambda candidate: candidate.seconds)
        self.largest = max(self.largest, report, key=lambda candidate: candidate.peak)

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
    parser.add_argument("--cases", type=int, default=20_000, help="the number of cases (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case (default %(default)s)")
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--case", type=int, help="run only the case of this number")
    parser.add_argument("--save", type=Path, help="with --case: write the bytes of the case to this file")
    parser.add_argument(
        "--memory", type=int, default=Plan().memory, help="bytes of memory in which images are admitted"
    )
    parser.add_argument("--seconds", type=float, default=Plan().seconds, help="the most time that one case may take")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the cases and print those with problems. Return 1 if there are any, else 0."""
    options = _arguments(argv)
    numbers = range(options.first, options.first + options.cases)
    if options.case is not None:
        numbers = range(options.case, options.case + 1)
        case = case_of(options.seed, options.case)
        print(f"{case.name}, {len(case.data)} bytes, {case.spec}")
        if options.save:
            options.save.write_bytes(case.data)
    tally = Tally()
    for report in reports(Plan(options.seed, options.memory, options.seconds), numbers):
        tally.add(report)
        if report.problem:
            print(f"case {report.number} ({report.name}): {report.problem}", flush=True)
    print(tally)
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
