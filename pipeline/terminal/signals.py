"""SIGINT and SIGTERM: the first one ends the command, whatever it is doing; later ones are ignored.

While a remote job is followed, the first one cancels the job, and the second one ends the command.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal requests the end of the command. Like `SystemExit` it is a `BaseException`, so that no handler stops it.

    Args:
        number: the number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """The exit code that shells use for this signal."""
        return 128 + self.number

    @property
    def reason(self) -> str:
        """A phrase such as "stopped by SIGINT"."""
        return f"stopped by {signal.Signals(self.number).name}"


def exit_on_signal() -> None:
    """From now on, print one sentence at a signal and end this process immediately.

    The signal handler raises nothing: running code, such as an import, might swallow the exception or print a
    traceback.
    """
    for number in _NUMBERS:
        signal.signal(number, _exit)


def ignore_signals() -> None:
    """Ignore signals from now on: the command is complete, or already ending."""
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def collect_signals(most: int = 1) -> Iterator[list[Stopped]]:
    """Inside the context, append the first `most` signals to the yielded list, and ignore later ones."""
    signals: list[Stopped] = []

    def collect(number: int, _frame: FrameType | None) -> None:
        signals.append(Stopped(number))
        if len(signals) == most:
            ignore_signals()

    with _handler(collect):
        yield signals


@contextlib.contextmanager
def raise_on_signal() -> Iterator[None]:
    """Inside the context, raise `Stopped` in the main thread at the first signal, and ignore later ones.

    Use it for code that must clean up before the process ends.
    """
    with _handler(_raise):
        yield


@contextlib.contextmanager
def _handler(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    earlier = {number: signal.signal(number, handler) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, earlier_handler in earlier.items():
            if signal.getsignal(number) is handler:  # after a signal, it is ignored, and remains ignored
                signal.signal(number, earlier_handler)


def print_stopped(stopped: Stopped) -> None:
    """Print the message of a command that was stopped before its run started."""
    os.write(2, f"image_resizer: {stopped.reason}; run the same command again to continue\n".encode())


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    ignore_signals()
    stopped = Stopped(number)
    with contextlib.suppress(OSError):  # standard error may be closed
        print_stopped(stopped)
    os._exit(stopped.exit_code)


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    ignore_signals()
    raise Stopped(number)
