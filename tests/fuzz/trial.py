"""One case, tried in this process: what became of it, what it took, and what was wrong with that."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import hashlib
import io
import os
import re
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.fuzz.cases import Case, case_of
from tests.fuzz.paths import problem_elsewhere
from transforms.imaging.errors import ImageError, Kind, SkippedError
from transforms.imaging.resize import Encoded, ImageResult, Output, process_image
from transforms.imaging.spec import FORMATS
from transforms.resizing.memory_budget import MemoryBudget

MB = 1_000_000

# What a case may take: so many times what it was admitted with, an estimate made of images of 20 megapixels, and
# so many bytes beside, for copies of its file, its header, and small outputs.
TIMES, ASIDE = 1.25, 16 * MB

# These speak of the machine: under a budget that holds they must not happen.
_UNKNOWN_HERE = frozenset({Kind.OUT_OF_MEMORY, Kind.CRASHED, Kind.UNREADABLE})

_M_PERTURB = -6  # of mallopt, see https://man7.org/linux/man-pages/man3/mallopt.3.html

# Whether memory that is reserved and never touched takes none: glibc fills it when it looks for overruns.
_LAZY_MEMORY = not {"MALLOC_CHECK_", "MALLOC_PERTURB_"} & set(os.environ)

# Cases that are made a second time, one in so many: the same bytes have to come of it.
_TWICE = 4

# Known, and not the product's: where a fax is damaged, libtiff leaves the rest of its buffer as it was, and tells
# Pillow that all is well. Pillow decodes these kinds of TIFF by it.
_LEFT_UNWRITTEN = ("group3", "group4", "tiff_ccitt", "tiff_raw_16")


@dataclasses.dataclass
class Report:
    """What became of a case.

    Args:
        number: of the case.
        name: of the file that was damaged.
        outcomes: of each size: "written", "skipped" or a `Kind`.
        problem: what is wrong with the product, if anything; empty else.
        seconds: that it took.
        admitted: bytes of memory that it was admitted with.
        taken: bytes that the process grew by.
        peak: bytes that the process had at most.
    """

    number: int
    name: str = ""
    outcomes: tuple[str, ...] = ()
    problem: str = ""
    seconds: float = 0.0
    admitted: int = 0
    taken: int = 0
    peak: int = 0


def tried(seed: int, number: int, memory: int) -> Report:
    """Makes a case with `memory` bytes to be admitted in."""
    case = case_of(seed, number)
    report = Report(number, case.name)
    before = _forget_peak()
    start = time.perf_counter()
    try:
        made = _make(case, memory, report)
        report.seconds = time.perf_counter() - start
        report.peak = resident("VmHWM")
        report.taken = max(0, report.peak - before)
        report.outcomes = tuple(_outcome(output) for output in made.outputs.values())
        report.problem = _problem(made, case, report)
        if not report.problem and number % _TWICE == 0:
            report.problem = _difference(made, case, memory)
        if not report.problem and report.admitted:
            report.problem = problem_elsewhere(case, number, made, memory)
    # Whatever it is: `process_image` promises to raise nothing, and extension modules raise more than Exceptions.
    except BaseException:
        report.problem = "raised: " + traceback.format_exc().strip()
    return report


def _make(case: Case, memory: int, report: Report) -> ImageResult:
    budget = MemoryBudget(memory)

    def admit(needed: int) -> contextlib.AbstractContextManager[None]:
        report.admitted = needed if needed <= memory else 0
        return budget.admit(needed)

    return process_image(case.data, case.spec, admit)


def _outcome(output: Output) -> str:
    if isinstance(output, Encoded):
        return "written"
    return "skipped" if isinstance(output, SkippedError) else str(output.kind)


def _problem(made: ImageResult, case: Case, report: Report) -> str:
    problems = (
        [f"made {sorted(made.outputs)} of {case.spec.sizes}"] if set(made.outputs) != set(case.spec.sizes) else []
    )
    problems += filter(None, (_wrong(output, made.extension) for output in made.outputs.values()))
    if _LAZY_MEMORY and report.taken > report.admitted * TIMES + ASIDE:
        problems.append(f"took {report.taken / MB:.0f} MB, admitted with {report.admitted / MB:.0f} MB")
    return "; ".join(problems)


def _wrong(output: Output, extension: str) -> str:
    """What is wrong with an output: a picture that is not the promised one, a kind or a message that is none."""
    if isinstance(output, Encoded):
        with Image.open(io.BytesIO(output.data)) as image:
            image.load()
        promised = FORMATS[extension], output.target.dimensions, hashlib.sha256(output.data).hexdigest()
        found = image.format, image.size, output.sha256
        return "" if found == promised else f"{found} is not {promised}"
    if isinstance(output, ImageError):
        if output.kind not in Kind or output.kind in _UNKNOWN_HERE:
            return f"failed as {output.kind}: {output}"
        if re.search(r"0x[0-9a-f]{6,}", str(output)):
            return f"a message that no other run has: {output}"
    return ""


def _difference(made: ImageResult, case: Case, memory: int) -> str:
    """What is different when the case is made again, in memory that is not what it was."""
    with _soiled_memory():
        again = _make(case, memory, Report(0))
    shown = [(one.header, one.extension, one.notes, *map(_shown, one.outputs.values())) for one in (made, again)]
    return "" if shown[0] == shown[1] or _is_fax(case.data) else f"made twice: {shown[0]}, then {shown[1]}"


def _is_fax(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        return image.info.get("compression") in _LEFT_UNWRITTEN


def _shown(output: Output) -> tuple[str, str]:
    return _outcome(output), output.sha256 if isinstance(output, Encoded) else str(output)


@contextlib.contextmanager
def _soiled_memory() -> Iterator[None]:
    """Has the C library fill what it gives and takes back: who reads what was never written, reads something else."""
    perturb = getattr(ctypes.CDLL(None), "mallopt", None)
    if perturb:
        perturb(_M_PERTURB, 0x55)
    try:
        yield
    finally:
        if perturb:
            perturb(_M_PERTURB, 0)


def resident(field: str) -> int:
    """Bytes of memory that this process has (VmRSS) or had at most (VmHWM); 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split(f"{field}:")[1].split()[0]) * 1024
    return 0


def _forget_peak() -> int:
    """Gives back what is free, begins to measure anew, and tells how many bytes this process has."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # `man 5 proc`: forgets VmHWM
    return resident("VmRSS")
