"""Images made in a process of their own, which one of them may end: that one has failed, and the next goes on.

parent  --(data, spec)-->  child      pickles, over the child's standard input and output
<---- Made -----
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

# Far more than any image takes: an AVIF of 100 megapixels is encoded in half a minute.
_SECONDS = 120.0

_ROOT = str(Path(__file__).resolve().parent.parent.parent)


class IsolatedDecoder:
    """Makes one image at a time in a child process, which is begun anew when it has died.

    Args:
        memory: bytes that decoding one image may take.
        seconds: how long one image may take.
    """

    def __init__(self, memory: int, seconds: float = _SECONDS) -> None:
        self._memory = memory
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def process(self, data: bytes, spec: ResizeSpec, lap: Lap = ignore_lap) -> ImageResult:  # noqa: ARG002  # the child's time
        """As `imaging.resize.process_image`; an image on which a child dies or does not end has failed as `crashed`.

        An earlier image may have damaged the memory of a child that has made others. The death of such a child proves
        nothing against the image at hand, which is made again in a new child, and alone decides what becomes of that.
        """
        with self._lock:
            is_new = self._child is None
            made = self._try(data, spec)
            if isinstance(made, ImageError) and not is_new:
                made = self._try(data, spec)
            return failed_result(spec, made) if isinstance(made, ImageError) else made

    def _try(self, data: bytes, spec: ResizeSpec) -> ImageResult | ImageError:
        """Returns what the child makes of an image, or how it died; then there is no child."""
        child = self._child = self._child or _start(self._memory, self._seconds)
        try:
            return _ask(child, data, spec)
        except (EOFError, OSError, pickle.UnpicklingError):
            self._child = None
            return ImageError(Kind.CRASHED, Stage.DECODE, self._reason(child))

    def close(self) -> None:
        """Ends the child."""
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
    made: ImageResult = pickle.load(child.stdout)
    return made


def serve(memory: int, seconds: float) -> None:
    """The child: answers until nobody can ask any more; dies by SIGALRM of an image that takes longer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    with contextlib.suppress(OSError):  # when memory runs out, this process goes before all others
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    admit = MemoryBudget(memory).admit
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    warnings.simplefilter("ignore")  # what Pillow thinks of an image is not for the terminal
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    with contextlib.suppress(EOFError):
        while True:
            data, spec = pickle.load(sys.stdin.buffer)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            made = process_image(data, spec, admit)
            signal.setitimer(signal.ITIMER_REAL, 0)
            pickle.dump(made, answers)
            answers.flush()
