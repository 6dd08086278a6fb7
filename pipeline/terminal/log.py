"""The log, by loguru: on the terminal, in a file and, optionally, with Beam's own messages."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from typing import TYPE_CHECKING

from loguru import logger
from tqdm import tqdm

from pipeline.errors import UsageError
from transforms.model.errors import CHECK_PATH

if TYPE_CHECKING:
    from loguru import Record

_FORMAT = "{time:YYYY-MM-DD HH:mm:ss} | {level: <7} | {message}"


def configure(level: str, path: str | None, on_dataflow: bool = False, quiet: bool = False) -> None:
    """Send the log to standard error, above a progress bar if one is shown, and to a file.

    Args:
        level: the lowest level that is logged.
        path: the path of the file, or None for no file.
        on_dataflow: also log Beam's messages about a Dataflow job. About other jobs, Beam logs tracebacks.
        quiet: send only warnings and errors to standard error.

    Raises:
        UsageError: the file cannot be written.
    """
    logger.remove()
    logger.add(terminal, level="WARNING" if quiet else level.upper(), format=_FORMAT, filter=_is_for_terminal)
    if path:
        try:
            logger.add(_LogFile(path), level=level.upper(), format=_FORMAT)
        except OSError as error:
            raise UsageError(f"-l {path!r} cannot be written: {error.strerror}; {CHECK_PATH}") from error
    _silence_libraries(level)
    _log_jobs(on_dataflow and level != "debug")


class Terminal:
    """Standard error as a sink for log lines.

    Attributes:
        line_at: the `time.monotonic` of the last line.
    """

    line_at = 0.0

    def write(self, line: str) -> None:
        self.line_at = time.monotonic()
        _print_above_bar(line)


# A global, since a process has one standard error.
terminal = Terminal()


class _LogFile:
    """A file for log lines. If a line cannot be written, as on a full disk, print a message once, and continue.

    Raises:
        OSError: the file cannot be created.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115  # open until the process ends
        self._failed = False

    def write(self, line: str) -> None:
        try:
            self._file.write(line.encode("utf-8", "backslashreplace"))
        except OSError as error:
            if not self._failed:
                self._failed = True
                _print_above_bar(f"image_resizer: lines are missing from -l {self._path!r}: {error.strerror}\n")

    def stop(self) -> None:
        self._file.close()


def _is_for_terminal(record: Record) -> bool:
    """Return whether the terminal shows a record: it shows the progress bar instead of progress lines."""
    return not (record["extra"].get("progress") and sys.stderr.isatty())


def _print_above_bar(line: str) -> None:
    printable = line.encode(errors="backslashreplace").decode()
    tqdm.write(printable, file=sys.stderr, end="")


class _ToLoguru(logging.Handler):
    """Passes records of standard logging to loguru: those of `levels` unchanged, all others at level DEBUG.

    Args:
        levels: the names of the levels.
    """

    def __init__(self, *levels: str) -> None:
        super().__init__()
        self._levels = levels

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname if record.levelname in self._levels else "DEBUG"
        logger.opt(exception=record.exc_info).log(level, "{}: {}", record.name, record.getMessage())


def _silence_libraries(level: str) -> None:
    """Show the logs of Beam and Pillow only at level "debug": their errors reach the program as exceptions."""
    root = logging.getLogger()
    root.handlers = [_ToLoguru("WARNING", "ERROR", "CRITICAL") if level == "debug" else logging.NullHandler()]
    root.setLevel(logging.INFO if level == "debug" else logging.CRITICAL)
    if level != "debug":
        warnings.simplefilter("ignore")


def _log_jobs(enabled: bool) -> None:
    """Log the states and messages of a job, and Beam's warnings about its submission."""
    for name, lowest in (
        ("apache_beam", logging.WARNING),
        ("apache_beam.runners.dataflow.dataflow_runner", logging.INFO),
    ):
        library = logging.getLogger(name)
        library.setLevel(lowest if enabled else logging.NOTSET)
        library.handlers = [_ToLoguru("INFO", "WARNING", "ERROR", "CRITICAL")] if enabled else []
        library.propagate = not enabled
    if enabled:
        logging.getLogger("apache_beam.runners.portability.stager").addFilter(_asks_for_action)
        logging.getLogger("apache_beam.utils.retry").addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    """Cut off the traceback that Beam appends to its message about a request that it retries. Return True."""
    record.msg, record.args = record.getMessage().partition("\n")[0], ()
    return True


def _asks_for_action(record: logging.LogRecord) -> bool:
    """Return False for two Beam warnings about packages that require no action.

    The first is about any wheel, including that of this project, which `runners/packages.py` has checked. The second
    has the traceback of a failed first download of the requirements, for one platform. Beam then tries another
    platform, whose failure is an error.
    """
    message = record.getMessage()
    return "downsampled_open_images-" not in message and "Pip download failed with platform" not in message
