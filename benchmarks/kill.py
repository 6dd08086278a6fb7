"""Check that interrupted runs lose nothing: `python -m benchmarks.kill [FOLDER] [--moments N] [--seed N]`.

End the command at random moments with SIGKILL, and with Ctrl-C and SIGTERM, sent once and twice. Continue the run each
time, and compare all files, except for the state and the report, with those of an uninterrupted run.
"""

from __future__ import annotations

import argparse
import random
import signal
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.measure import machine, repeat_files
from benchmarks.photos import write_photos
from tests.support.endings import CASES, Case, check_ending

# Seconds within which a run should end after a signal.
PROMPT = 2.0

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def kill_at_random(case: Case, moments: int, rng: random.Random) -> Counter[str]:
    """Kill `moments` runs at random moments and continue them. Return the number of kills in each state.

    Each run starts with an empty OUT. Every third run is killed a second time when it is continued.
    """
    states: Counter[str] = Counter()
    for number in range(moments):
        case.clear()
        for _ in range(2 if number % 3 == 2 else 1):
            states[case.kill(rng.uniform(0, case.seconds))] += 1
        case.resume()
    return states


def interrupt_at_random(case: Case, moments: int, rng: random.Random) -> list[float]:
    """Stop runs by Ctrl-C and SIGTERM, sent once or twice in turn. Return the seconds that each took to end.

    Continue each run. Every other moment is in the first second.
    """
    seconds: list[float] = []
    for moment in range(moments):
        case.clear()
        number, times = _SIGNALS[moment // 2 % 2], 1 + moment // 4 % 2
        ending = case.interrupt(number, rng.uniform(0, 1 if moment % 2 else case.seconds), times)
        if check_ending(ending, number):
            seconds.append(ending.seconds)
        case.resume()
    return seconds


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="a flat folder of photographs (default: generated ones)")
    parser.add_argument(
        "--moments", type=int, default=30, help="kills, and as many signals, in each case (default: 30)"
    )
    parser.add_argument("--count", type=int, default=300, help="files in the folder that is resized (default: 300)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the random moments (default: 1)")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print(f"{machine()}; {args.count} files, kills and signals in each case: {args.moments}, seed {args.seed}")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        if args.folder is None:
            write_photos(place / "photos", 24, flat=True)
        source = repeat_files(args.folder or place / "photos", args.count, place / "in")
        for number, (layout, sizes) in enumerate(CASES):
            case = Case(source, place / str(number), layout, sizes, "--images_per_shard", 10)
            print(f"{case.name}: an uninterrupted run takes {case.seconds:.1f} s", flush=True)
            print(f"{case.name}: {_kills(kill_at_random(case, args.moments, rng))}", flush=True)
            print(f"{case.name}: {_stops(interrupt_at_random(case, args.moments, rng), args.moments)}", flush=True)


def _kills(states: Counter[str]) -> str:
    by_state = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"runs killed: {states.total()} ({by_state}); all files equal those of the uninterrupted run"


def _stops(seconds: list[float], moments: int) -> str:
    slow = sum(second > PROMPT for second in seconds)
    return (
        f"runs stopped by a signal: {len(seconds)} of {moments}, the slowest after {max(seconds, default=0):.2f} s, "
        f"{slow} after more than {PROMPT:g} s; all files equal those of the uninterrupted run, none is left over"
    )


if __name__ == "__main__":
    main()
