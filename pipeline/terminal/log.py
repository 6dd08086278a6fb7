"""loguru: the terminal, a file, and Beam's own log where it is asked for."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING

from loguru import logger
from tqdm import tqdm

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from loguru import Record

_FORMAT = "{time:YYYY-MM-DD HH:mm:ss} | {level: <7} | {message}"


def configure(level: str, path: str | None, remote: bool = False) -> None:
    """Sets the log up: to standard error, past a progress bar that may stand there, and to a file.

    Args:
        level: the least that is shown.
        path: of the file.
        remote: also show what Beam says of a job that runs elsewhere.

    Raises:
        UsageError: the file cannot be written.
    """
    logger.remove()
    logger.add(_above_the_bar, level=level.upper(), format=_FORMAT, filter=_is_for_terminal)
    if path:
        try:
            logger.add(_LogFile(path), level=level.upper(), format=_FORMAT)
        except OSError as error:
            raise UsageError(f"-l {path!r} cannot be written: {error.strerror}") from error
    _quiet_libraries(level)
    _show_jobs(remote and level != "debug")


class _LogFile:
    """A file for log lines. What it does not take, on a full disk say, is told once and ends nothing.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115  # until the process ends
        self._failed = False

    def write(self, line: str) -> None:
        try:
            self._file.write(line.encode("utf-8", "backslashreplace"))
        except OSError as error:
            if not self._failed:
                self._failed = True
                _above_the_bar(f"image_resizer: -l {self._path!r} lacks lines: {error.strerror}\n")

    def stop(self) -> None:
        self._file.close()


def _is_for_terminal(record: Record) -> bool:
    """A progress line is not for a terminal, which has the bar."""
    return not (record["extra"].get("progress") and sys.stderr.isatty())


def _above_the_bar(line: str) -> None:
    printable = line.encode(errors="backslashreplace").decode()
    tqdm.write(printable, file=sys.stderr, end="")


class _ToLoguru(logging.Handler):
    """Standard logging's records as loguru's: those of `levels` as they are, all others for debugging.

    Args:
        levels: names of levels.
    """

    def __init__(self, *levels: str) -> None:
        super().__init__()
        self._levels = levels

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname if record.levelname in self._levels else "DEBUG"
        logger.opt(exception=record.exc_info).log(level, "{}: {}", record.name, record.getMessage())


def _quiet_libraries(level: str) -> None:
    """What Beam and Pillow say by themselves is shown only when debugging; errors reach us as exceptions."""
    root = logging.getLogger()
    root.handlers = [_ToLoguru("WARNING", "ERROR", "CRITICAL") if level == "debug" else logging.NullHandler()]
    root.setLevel(logging.INFO if level == "debug" else logging.CRITICAL)
    if level != "debug":
        warnings.simplefilter("ignore")


def _show_jobs(shown: bool) -> None:
    """The states and messages of a job, and Beam's warnings of how it was submitted."""
    for name, least in (
        ("apache_beam", logging.WARNING),
        ("apache_beam.runners.dataflow.dataflow_runner", logging.INFO),
    ):
        library = logging.getLogger(name)
        library.setLevel(least if shown else logging.NOTSET)
        library.handlers = [_ToLoguru("INFO", "WARNING", "ERROR", "CRITICAL")] if shown else []
        library.propagate = not shown
