"""Request the pictures of a page from a child process, within limits of time and bytes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline.report.decoder import Picture, no_picture, serve
from transforms.imaging.opening import FORMATS

# The maximum bytes of all data URIs of a page, and the maximum seconds for creating its pictures.
_BYTES, _SECONDS = 2_600_000, 20.0

_ROOT = str(Path(__file__).resolve().parent.parent.parent)


class Drawing:
    """Creates pictures in a child process, one after the other. A picture that fails contains the reason.

    Attributes:
        pid: the process ID of the child.
    """

    def __init__(self) -> None:
        code = f"import sys; sys.path.insert(0, {_ROOT!r}); from {serve.__module__} import serve; serve({FORMATS!r})"
        # Ctrl-C is sent to the whole process group. The child inherits the mask, so it never gets Ctrl-C.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            self._child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self.pid = self._child.pid
        self._left = _BYTES
        self._end = time.monotonic() + _SECONDS
        self._problem = ""

    def __enter__(self) -> Drawing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def make(self, work: str, data: bytes, uses: int = 1, **arguments: Any) -> Picture:
        """Return a picture.

        Args:
            work: the name of a function of `decoder`.
            data: the content of the file to decode.
            uses: how many times the page embeds the picture.
            arguments: the other arguments of the function.
        """
        if not self._problem and time.monotonic() > self._end:
            self._problem = f"Left out: making the pictures of this page may take at most {_SECONDS:g} s"
        if self._problem:
            return no_picture(self._problem)
        try:
            picture = self._ask(work, data, arguments)
        except (OSError, ValueError):
            self._problem = f"The process that makes the pictures ended ({self._ending()})"
            return no_picture(self._problem)
        if len(picture.uri) * uses > self._left:
            return no_picture("Left out to keep the page small")
        self._left -= len(picture.uri) * uses
        return picture

    def _ask(self, work: str, data: bytes, arguments: dict[str, Any]) -> Picture:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        request = {"work": work, "bytes": len(data), "arguments": arguments}
        self._child.stdin.write(json.dumps(request).encode() + b"\n" + data)
        self._child.stdin.flush()
        return Picture(*json.loads(self._child.stdout.readline()))

    def _ending(self) -> str:
        self._child.kill()
        self._child.wait()
        code = self._child.returncode
        if code == -signal.SIGALRM:
            return "a picture took too long"
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
