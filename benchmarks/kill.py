"""Nothing is lost, whenever a run ends: `python -m benchmarks.kill [FOLDER] [--moments N] [--seed N]`.

Ends the command at random moments, by SIGKILL, and by Ctrl-C and SIGTERM once and twice; gives it again each time,
and compares every byte outside `_run` with an uninterrupted run.
"""

from __future__ import annotations

import argparse
import random
import signal
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.measure import machine, repeated
from benchmarks.photos import write_photos
from tests.support.endings import CASES, Case, check_ending

# Seconds in which a run must end after a signal.
AT_ONCE = 2.0

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


def kill_at_random(case: Case, moments: int, rng: random.Random) -> Counter[str]:
    """Kill `moments` runs at random moments and continue them; return how many were killed in which state.

    Each run starts with an empty OUT. Every third one is killed a second time when it is continued.
    """
    states: Counter[str] = Counter()
    for number in range(moments):
        case.clear()
        for _ in range(2 if number % 3 == 2 else 1):
            states[case.kill(rng.uniform(0, case.seconds))] += 1
        case.resume()
    return states


def interrupt_at_random(case: Case, moments: int, rng: random.Random) -> list[float]:
    """Stop runs by Ctrl-C and SIGTERM, once and twice in turn, and continue them; return the seconds each took to end.

    Every other moment lies in the first second.
    """
    seconds: list[float] = []
    for moment in range(moments):
        case.clear()
        number, times = _NUMBERS[moment // 2 % 2], 1 + moment // 4 % 2
        ending = case.interrupt(number, rng.uniform(0, 1 if moment % 2 else case.seconds), times)
        if check_ending(ending, number):
            seconds.append(ending.seconds)
        case.resume()
    return seconds


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="flat folder of photographs (default: generated ones)")
    parser.add_argument("--moments", type=int, default=30, help="kills, and signals, in each case (default: 30)")
    parser.add_argument("--count", type=int, default=300, help="files (default: 300)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print(f"{machine()}; {args.count} files, {args.moments} moments, seed {args.seed}")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        if args.folder is None:
            write_photos(place / "photos", 24, flat=True)
        source = repeated(args.folder or place / "photos", args.count, place / "in")
        for number, (layout, sizes) in enumerate(CASES):
            case = Case(source, place / str(number), layout, sizes, "--images_per_shard", 10)
            states = kill_at_random(case, args.moments, rng)
            by_state = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
            print(
                f"{case.name}: a whole run takes {case.seconds:.1f} s; killed {states.total()}: {by_state}", flush=True
            )
            seconds = interrupt_at_random(case, args.moments, rng)
            slow = sum(second > AT_ONCE for second in seconds)
            print(
                f"{case.name}: {len(seconds)} of {args.moments} ended by a signal, in {max(seconds, default=0):.2f} s "
                f"at most, {slow} in over {AT_ONCE:g} s; every byte equals the whole run's, nothing is left behind",
                flush=True,
            )


if __name__ == "__main__":
    main()
