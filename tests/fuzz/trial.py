"""One case, run in this process: its outcome, time, memory and problem."""

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
from tests.fuzz.paths import problem_of_other_paths
from transforms.imaging.errors import ImageError, Kind, SkippedError
from transforms.imaging.resize import Encoded, ImageResult, Output, process_image
from transforms.imaging.spec import FORMATS
from transforms.resizing.worker import admission

MB = 1_000_000

# The memory that a case may use: this many times the estimate with which it was admitted, which was measured with
# images of 20 megapixels, plus this many bytes for copies of its file, its header, and small outputs.
TIMES, ASIDE = 1.25, 16 * MB

# Kinds that depend on the machine. They must not occur within the memory budget.
_FORBIDDEN_KINDS = frozenset({Kind.OUT_OF_MEMORY, Kind.CRASHED, Kind.UNREADABLE})

_M_PERTURB = -6  # an option of mallopt: https://man7.org/linux/man-pages/man3/mallopt.3.html

# Whether memory that is reserved but never touched is free: with these variables, glibc fills it.
_LAZY_MEMORY = not {"MALLOC_CHECK_", "MALLOC_PERTURB_"} & set(os.environ)

# One case in this many runs a second time, and must produce the same bytes.
_TWICE = 4

# A known bug of libtiff with these compressions: after damage in a fax, it leaves the rest of its buffer unwritten, and
# reports success.
_PARTLY_UNWRITTEN = ("group3", "group4", "tiff_ccitt", "tiff_raw_16")


@dataclasses.dataclass
class Report:
    """The outcome of a case.

    Args:
        number: the number of the case.
        name: the name of the file that was damaged.
        outcomes: the outcome of each size: "written", "skipped" or a `Kind`.
        problem: the problem in the program; "" if there is none.
        seconds: the time that the case took.
        admitted: the bytes of memory for which it was admitted.
        taken: the bytes by which the process grew.
        peak: the peak memory of the process in bytes.
    """

    number: int
    name: str = ""
    outcomes: tuple[str, ...] = ()
    problem: str = ""
    seconds: float = 0.0
    admitted: int = 0
    taken: int = 0
    peak: int = 0


def run_case(seed: int, number: int, memory: int) -> Report:
    """Run a case that is admitted within `memory` bytes, and return the report on it."""
    case = case_of(seed, number)
    report = Report(number, case.name)
    before = _reset_peak()
    start = time.perf_counter()
    try:
        result = _make(case, memory, report)
        report.seconds = time.perf_counter() - start
        report.peak = memory_of_process("VmHWM")
        report.taken = max(0, report.peak - before)
        report.outcomes = tuple(_outcome(output) for output in result.outputs.values())
        report.problem = _problem(result, case, report)
        if not report.problem and number % _TWICE == 0:
            report.problem = _difference(result, case, memory)
        if not report.problem and report.admitted:
            report.problem = problem_of_other_paths(case, number, result, memory)
    # Catch every BaseException: `process_image` promises not to raise, and extensions raise more than Exceptions.
    except BaseException:
        report.problem = "raised: " + traceback.format_exc().strip()
    return report


def _make(case: Case, memory: int, report: Report) -> ImageResult:
    admit_if_it_fits = admission(memory, memory)

    def admit(needed: int) -> contextlib.AbstractContextManager[None]:
        report.admitted = needed if needed <= memory else 0
        return admit_if_it_fits(needed)

    return process_image(case.data, case.spec, admit)


def _outcome(output: Output) -> str:
    if isinstance(output, Encoded):
        return "written"
    return "skipped" if isinstance(output, SkippedError) else str(output.kind)


def _problem(result: ImageResult, case: Case, report: Report) -> str:
    problems = (
        [f"made {sorted(result.outputs)} of {case.spec.sizes}"] if set(result.outputs) != set(case.spec.sizes) else []
    )
    problems += filter(None, (_wrong(output, result.extension) for output in result.outputs.values()))
    if _LAZY_MEMORY and report.taken > report.admitted * TIMES + ASIDE:
        problems.append(f"took {report.taken / MB:.0f} MB, admitted with {report.admitted / MB:.0f} MB")
    return "; ".join(problems)


def _wrong(output: Output, extension: str) -> str:
    """Return the problem of an output: an invalid file, or an unknown kind or message; "" if there is none."""
    if isinstance(output, Encoded):
        with Image.open(io.BytesIO(output.data)) as image:
            image.load()
        promised = FORMATS[extension], output.target.dimensions, hashlib.sha256(output.data).hexdigest()
        actual = image.format, image.size, output.sha256
        return "" if actual == promised else f"{actual} is not {promised}"
    if isinstance(output, ImageError):
        if output.kind not in Kind or output.kind in _FORBIDDEN_KINDS:
            return f"failed as {output.kind}: {output}"
        if re.search(r"0x[0-9a-f]{6,}", str(output)):
            return f"a message that no other run has: {output}"
    return ""


def _difference(result: ImageResult, case: Case, memory: int) -> str:
    """Return the difference when the case runs again, in memory with other contents; "" if there is none."""
    with _filled_memory():
        second = _make(case, memory, Report(0))
    before, after = (_fingerprint(made) for made in (result, second))
    return "" if before == after or _is_fax(case.data) else f"made twice: {before}, then {after}"


def _fingerprint(result: ImageResult) -> tuple[object, ...]:
    return result.header, result.extension, result.notes, *map(_shown, result.outputs.values())


def _is_fax(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        return image.info.get("compression") in _PARTLY_UNWRITTEN


def _shown(output: Output) -> tuple[str, str]:
    return _outcome(output), output.sha256 if isinstance(output, Encoded) else str(output)


@contextlib.contextmanager
def _filled_memory() -> Iterator[None]:
    """Make the C library fill blocks that it allocates and frees, so that unwritten memory has other contents."""
    perturb = getattr(ctypes.CDLL(None), "mallopt", None)
    if perturb:
        perturb(_M_PERTURB, 0x55)
    try:
        yield
    finally:
        if perturb:
            perturb(_M_PERTURB, 0)


def memory_of_process(field: str) -> int:
    """Return the memory of this process in bytes by a field: VmRSS is current, VmHWM the peak; 0 without Linux."""
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split(f"{field}:")[1].split()[0]) * 1024
    return 0


def _reset_peak() -> int:
    """Free unused memory, reset the peak, and return the memory of this process in bytes."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # `man 5 proc`: resets VmHWM
    return memory_of_process("VmRSS")
