"""Nothing is lost, whenever it ends: `python -m benchmarks.kill [FOLDER] [--moments N] [--seed N]`.

Runs the command, ends it at random moments of a whole run's length, by SIGKILL and by Ctrl-C and SIGTERM
once and twice, goes on each time, and compares every byte outside `_run` with an uninterrupted run's.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import ROOT, WORKERS, machine, repeated
from benchmarks.photos import write_photos

# What a command may be asked for: the layout and the sizes.
CASES = (("files", (128,)), ("files", (128, 64)), ("webdataset", (128,)), ("webdataset", (128, 64)))

# Seconds between two signals, and in which a run must have ended after the first.
TWICE_WITHIN = 0.08
AT_ONCE = 2.0

# Seconds of a processor's time; it takes a tenth of it.
PYTHON_STARTS_WITHIN = 0.3

_TIME_LIMIT = 600
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class LostError(Exception):
    """A run that was ended, and went on, is not what an uninterrupted one is; the message says in what."""


class Ending(NamedTuple):
    """How a process ended: its exit code, what it had shown, and the seconds since the signal."""

    code: int
    shown: str
    seconds: float


class Case:
    """One command, with a whole run of it to compare with.

    Args:
        source: the folder of photographs.
        place: a folder for this case alone.
        layout: of the dataset.
        sizes: of the images.
        flags: further ones.

    Attributes:
        seconds: how long the whole run took.
    """

    def __init__(self, source: Path, place: Path, layout: str, sizes: Sequence[int], *flags: object) -> None:
        self.name = f"{layout}, {' and '.join(map(str, sizes))} px"
        self._args = ["-i", source, "-s", *sizes, "--layout", layout, "-j", WORKERS, *flags]
        self.out, self._whole = place / "out", place / "whole"
        begun = time.monotonic()
        self._complete(self._whole)
        self.seconds = time.monotonic() - begun
        self._wanted = contents(self._whole)
        self._shards = len(list((self._whole / "_run" / "shards").iterdir()))

    def start(self, out: Path | None = None) -> subprocess.Popen[str]:
        """The command, as a shell starts it."""
        command = [sys.executable, "image_resizer.py", *map(str, self._args), "-o", str(out or self.out)]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    def kill(self, after: float) -> str:
        """Ends a run by SIGKILL, so many seconds after its start; tells how far it was."""
        process = self.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        process.kill()
        process.communicate()
        return "over" if process.returncode == 0 else self.state()

    def interrupt(self, number: int, after: float, times: int) -> Ending:
        """Sends a signal so many seconds after the command has begun to listen, once or twice."""
        process = self.start()
        wait_for_handlers(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        return send(process, number, times)

    def committed(self) -> int:
        """How many shards of OUT are."""
        markers = self.out / "_run" / "shards"
        return len(list(markers.iterdir())) if markers.is_dir() else 0

    def state(self) -> str:
        """How far the run in OUT is."""
        committed = self.committed()
        if committed == self._shards:
            return "finalising"
        return "at work" if committed else "start-up"

    def go_on(self) -> None:
        """Gives the command again, and looks at what is there then.

        Raises:
            LostError: it is not what the whole run made, or something is left behind.
        """
        self._complete(self.out)
        found = contents(self.out)
        if found != self._wanted:
            names = sorted(name for name in {*found, *self._wanted} if found.get(name) != self._wanted.get(name))
            raise LostError(f"{len(names)} files differ from a whole run's: {names[:5]}")
        if left := leftovers(self.out):
            raise LostError(f"left behind: {left}")

    def clear(self) -> None:
        """Empties OUT."""
        shutil.rmtree(self.out, ignore_errors=True)

    def _complete(self, out: Path) -> None:
        process = self.start(out)
        shown = process.communicate(timeout=_TIME_LIMIT)[1]
        if process.returncode != 0:
            raise LostError(f"ended with {process.returncode}: {shown}")


def contents(out: Path) -> dict[str, bytes]:
    """The bytes of every file outside `_run`, by its path, but those of the report, which has times in it."""
    files = (path for path in out.rglob("*") if path.is_file())
    paths = {str(path.relative_to(out)): path for path in files}
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith(("_run/", "report.html"))}


def leftovers(out: Path) -> list[str]:
    """What is temporary by its name, or has none of the names that a complete dataset has in `_run`."""
    paths = [path.relative_to(out) for path in out.rglob("*")]
    kept = {"config.json", "lock", "shards", "receipts"}
    return sorted(
        str(path)
        for path in paths
        if path.name.startswith((".", "tmp"))
        or (path.parts[0] == "_run" and len(path.parts) == 2 and path.name not in kept and path.suffix != ".json")
    )


def wait_for_handlers(process: subprocess.Popen[str]) -> None:
    """Until the command has taken SIGTERM over: before that the process is Python, starting, and not yet ours.

    Raises:
        LostError: it has not when it has worked for longer than Python takes to start.
    """
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace")
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        if caught & 1 << signal.SIGTERM - 1:
            return
        times = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
        if sum(map(int, times)) / os.sysconf("SC_CLK_TCK") > PYTHON_STARTS_WITHIN:
            process.kill()
            raise LostError(f"SIGTERM would end it without a sentence after {PYTHON_STARTS_WITHIN} s of work")
        time.sleep(0.001)


def send(process: subprocess.Popen[str], number: int, times: int) -> Ending:
    """Sends a signal, once or several times shortly one after the other, and waits for the end."""
    begun = time.monotonic()
    for again in range(times):
        if again:
            time.sleep(TWICE_WITHIN)
        process.send_signal(number)
    shown = process.communicate(timeout=_TIME_LIMIT)[1]
    return Ending(process.returncode, shown, time.monotonic() - begun)


def check_ending(ending: Ending, number: int) -> bool:
    """Whether the signal ended the run, and not the run itself before it came.

    Raises:
        LostError: the run did not end as it should: exit code, one sentence that says how to go on, nothing else.
    """
    sentences = [line for line in ending.shown.splitlines() if "stopped by" in line]
    if ending.code == 0 and not sentences:
        return False
    wanted = f"stopped by {signal.Signals(number).name}; "
    if ending.code != 128 + number or len(sentences) != 1 or wanted not in sentences[0]:
        raise LostError(f"ended with {ending.code}: {ending.shown}")
    if "give the same command again to go on" not in sentences[0] or not ending.shown.endswith(f"{sentences[0]}\n"):
        raise LostError(f"no last sentence says how to go on: {ending.shown}")
    if "Traceback" in ending.shown or "Exception" in ending.shown:
        raise LostError(f"a traceback: {ending.shown}")
    return True


def kill_at_random(case: Case, moments: int, rng: random.Random) -> Counter[str]:
    """Kills so many runs at random moments, each on an empty OUT, and goes on; tells how far they were.

    Every third one is killed a second time when it goes on.
    """
    states: Counter[str] = Counter()
    for number in range(moments):
        case.clear()
        for _ in range(2 if number % 3 == 2 else 1):
            states[case.kill(rng.uniform(0, case.seconds))] += 1
        case.go_on()
    return states


def interrupt_at_random(case: Case, moments: int, rng: random.Random) -> list[float]:
    """Ends runs by Ctrl-C and SIGTERM, once and twice in turn, and goes on; the seconds that each took to end.

    Every other moment lies in the first second.
    """
    seconds: list[float] = []
    for moment in range(moments):
        case.clear()
        number, times = _NUMBERS[moment // 2 % 2], 1 + moment // 4 % 2
        ending = case.interrupt(number, rng.uniform(0, 1 if moment % 2 else case.seconds), times)
        if check_ending(ending, number):
            seconds.append(ending.seconds)
        case.go_on()
    return seconds


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="flat folder of photographs (default: some are made)")
    parser.add_argument("--moments", type=int, default=30, help="of kills, and of signals, in each case (default: 30)")
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
            told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
            print(f"{case.name}: a whole run takes {case.seconds:.1f} s; killed {states.total()}: {told}", flush=True)
            seconds = interrupt_at_random(case, args.moments, rng)
            slow = sum(second > AT_ONCE for second in seconds)
            print(
                f"{case.name}: {len(seconds)} of {args.moments} ended by a signal, in {max(seconds, default=0):.2f} s "
                f"at most; {slow} took over {AT_ONCE:g} s; every byte is as in the whole run, and nothing is left",
                flush=True,
            )


if __name__ == "__main__":
    main()
