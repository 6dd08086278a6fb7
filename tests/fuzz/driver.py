"""Runs cases one after another in a child process. If a case ends the process, report it and start a new process.

parent  <-- number before a case, Report after it --  child      pickles, over the child's standard output
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from tests.fuzz.trial import Report, memory_of_process, run_case
from transforms.imaging.spec import ResizeSpec
from transforms.imaging.strict import check_extra
from transforms.resizing.allocator import keep_freed_memory

_ROOT = str(Path(__file__).resolve().parent.parent.parent)

# Bytes of address space in addition to admitted memory: decoders reserve more than they touch (WebP: two pictures, 2
# GB). The limit protects the machine from a decoder that needs more.
_ADDRESSES = 6_000_000_000


class Plan(NamedTuple):
    """How to run cases: the seed, the bytes of memory that an admitted image may need, and the seconds for a case."""

    seed: int = 1
    memory: int = 256_000_000
    seconds: float = 30.0


def reports(plan: Plan, numbers: range) -> Iterator[Report]:
    """Run the cases with these numbers, in order, and yield a report on each, even if it ends its process."""
    while numbers:
        last = numbers[0] - 1
        for report in _reports_of_one_child(plan, numbers):
            last = report.number
            yield report
        numbers = range(last + 1, numbers.stop)


def _reports_of_one_child(plan: Plan, numbers: range) -> Iterator[Report]:
    """Yield the reports of one child process; the last one is on the case that ended it."""
    code = (
        f"import sys; sys.path.insert(0, {_ROOT!r}); from tests.fuzz.driver import serve; serve(*{(*plan,)}, {numbers})"
    )
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=errors) as child,
    ):
        assert child.stdout is not None
        started = None
        try:
            while True:
                started = pickle.load(child.stdout)
                yield pickle.load(child.stdout)
                started = None
        except (EOFError, pickle.UnpicklingError):
            child.wait()
        finally:
            child.kill()
        if started is not None:
            yield Report(started, problem=_reason(child.returncode, plan.seconds, _end_of(errors)))
        elif child.returncode:
            raise RuntimeError(f"no case could be run: {_end_of(errors)}")


def _reason(code: int, seconds: float, messages: str) -> str:
    if code == -signal.SIGALRM:
        return f"late: not done after {seconds:g} s"
    cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"died: {cause} {messages}".strip()


def _end_of(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode(errors="replace")[-1000:].strip()


def serve(seed: int, memory: int, seconds: float, numbers: range) -> None:
    """Run cases in the child process. SIGALRM ends the process if a case takes longer than `seconds`."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that output of a library is not read as a report
    warnings.simplefilter("ignore")
    keep_freed_memory(memory)
    check_extra(ResizeSpec(check_jpeg=True))  # imports the extra before anything is measured
    addresses = memory_of_process("VmSize") + memory + _ADDRESSES
    with contextlib.suppress(ValueError):  # a lower limit is already set
        resource.setrlimit(resource.RLIMIT_AS, (addresses, resource.getrlimit(resource.RLIMIT_AS)[1]))
    for number in numbers:
        _answer(answers, number)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        report = run_case(seed, number, memory)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _answer(answers, report)


def _answer(answers: IO[bytes], answer: object) -> None:
    pickle.dump(answer, answers)
    answers.flush()
