"""Images made one by one in a child process. If an image kills the child, that image fails, and a new child goes on.

parent  -- (data, spec) -->  child      pickles, over the standard input and output of the child
        <-- ImageResult ---
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.resize import ImageResult, Lap, failed_result, ignore_lap, process_image
from transforms.imaging.spec import ResizeSpec
from transforms.resizing.memory_budget import MemoryBudget

# Much more than any image takes: encoding an AVIF of 100 megapixels takes half a minute.
_SECONDS = 120.0

_ROOT = str(Path(__file__).resolve().parent.parent.parent)


class IsolatedDecoder:
    """Makes one image at a time in a child process, and starts a new child after one has died.

    Args:
        memory: the bytes that decoding one image may take.
        seconds: the time that one image may take.
    """

    def __init__(self, memory: int, seconds: float = _SECONDS) -> None:
        self._memory = memory
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def process(self, data: bytes, spec: ResizeSpec, lap: Lap = ignore_lap) -> ImageResult:  # noqa: ARG002  # the child's time
        """Make all sizes of an image as `process_image` does; an image that kills its child or times out is `crashed`.

        If a child has made other images before, one of them may have damaged its memory. If such a child dies, the
        image is made again in a new child, whose death is then due to this image.
        """
        with self._lock:
            is_new = self._child is None
            result = self._try(data, spec)
            if isinstance(result, ImageError) and not is_new:
                result = self._try(data, spec)
            return failed_result(spec, result) if isinstance(result, ImageError) else result

    def _try(self, data: bytes, spec: ResizeSpec) -> ImageResult | ImageError:
        """Return the result of the child, or an error that says how it died; then drop the child."""
        child = self._child = self._child or _start(self._memory, self._seconds)
        try:
            return _ask(child, data, spec)
        except (EOFError, OSError, pickle.UnpicklingError):
            self._child = None
            return ImageError(Kind.CRASHED, Stage.DECODE, self._reason(child))

    def close(self) -> None:
        """End the child."""
        if self._child:
            self._child.communicate()
            self._child = None

    def _reason(self, child: subprocess.Popen[bytes]) -> str:
        child.kill()
        child.communicate()
        if child.returncode == -signal.SIGALRM:
            return f"it is not made after {self._seconds:g} s"
        by = signal.Signals(-child.returncode).name if child.returncode < 0 else f"exit code {child.returncode}"
        return f"it ends the process that decodes it ({by})"


def _start(memory: int, seconds: float) -> subprocess.Popen[bytes]:
    code = f"import sys; sys.path.insert(0, {_ROOT!r}); from {__name__} import serve; serve({memory}, {seconds})"
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _ask(child: subprocess.Popen[bytes], data: bytes, spec: ResizeSpec) -> ImageResult:
    assert child.stdin is not None
    assert child.stdout is not None
    pickle.dump((data, spec), child.stdin)
    child.stdin.flush()
    result: ImageResult = pickle.load(child.stdout)
    return result


def serve(memory: int, seconds: float) -> None:
    """Make images until standard input ends: this is the child. SIGALRM kills it if an image takes too long."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent decides
    with contextlib.suppress(OSError):  # if memory runs out, the kernel kills this process first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    admit = MemoryBudget(memory).admit
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing that a library prints reaches the parent
    warnings.simplefilter("ignore")  # Pillow's warnings about an image do not belong in the terminal
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    with contextlib.suppress(EOFError):
        while True:
            data, spec = pickle.load(sys.stdin.buffer)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            result = process_image(data, spec, admit)
            signal.setitimer(signal.ITIMER_REAL, 0)
            pickle.dump(result, answers)
            answers.flush()
