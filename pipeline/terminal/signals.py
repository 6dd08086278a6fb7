"""SIGINT and SIGTERM: the first one ends the command, whatever it is at; those that follow change nothing."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal asks the command to end; as for an exit, everybody lets it pass.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """As shells have it."""
        return 128 + self.number

    @property
    def why(self) -> str:
        """Such as "stopped by SIGINT"."""
        return f"stopped by {signal.Signals(self.number).name}"


def listen() -> None:
    """From now on a signal ends this process at once, with one sentence.

    Nothing is raised: what is at work, such as an import, might swallow it or show a traceback.
    """
    for number in _NUMBERS:
        signal.signal(number, _end)


def ignore() -> None:
    """From now on a signal changes nothing: what was asked for is done, or about to be left."""
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def noted() -> Iterator[list[Stopped]]:
    """While the context lasts, a signal is put into the list, and those that follow are ignored."""
    noted: list[Stopped] = []

    def note(number: int, _frame: FrameType | None) -> None:
        ignore()
        noted.append(Stopped(number))

    with _handled(note):
        yield noted


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """While the context lasts, a signal raises `Stopped` in the main thread, and those that follow are ignored.

    For what must be put in order before the process ends.
    """
    with _handled(_raise):
        yield


@contextlib.contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            if signal.getsignal(number) is handler:  # and not ignored, since one has come
                signal.signal(number, earlier)


def say(stopped: Stopped) -> None:
    """Shows the sentence of a command that was ended before it had a run to tell of."""
    os.write(2, f"image_resizer: {stopped.why}; give the same command again to go on\n".encode())


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    ignore()
    stopped = Stopped(number)
    with contextlib.suppress(OSError):  # nobody may be listening any more
        say(stopped)
    os._exit(stopped.exit_code)


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    ignore()
    raise Stopped(number)
