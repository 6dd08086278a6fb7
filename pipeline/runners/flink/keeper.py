"""A script that outlives the process that starts it, to end the processes of that process, even after a SIGKILL.

It prints the ID of a process group, which the processes join. It waits for the end of its standard input, which comes
when the process at the other end is gone. Then it kills the group, deletes the folder passed to it, and ends. It
imports nothing from the project, so that it is small and starts immediately.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from typing import NoReturn

# Killed processes disappear within milliseconds. A zombie that is never reaped delays the end by at most this time.
_SECONDS = 3.0


def main(folder: str) -> None:
    """Keep a process group until standard input ends.

    Args:
        folder: the folder to delete at the end.
    """
    group = os.fork()
    if group == 0:
        _lead()
    with contextlib.suppress(OSError):  # both processes set it; the first one succeeds
        os.setpgid(group, group)
    print(group, flush=True)
    _wait()
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)
        os.waitpid(group, 0)
    until = time.monotonic() + _SECONDS
    while _exists(group) and time.monotonic() < until:
        time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


def _lead() -> NoReturn:
    """Lead the group, so that it exists as long as processes may join it."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    _wait()
    time.sleep(_SECONDS)  # it is killed during this time, unless the keeper is gone, too
    os._exit(0)


def _wait() -> None:
    while os.read(0, 1):
        pass


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # only the end of the other process matters
        signal.signal(number, signal.SIG_IGN)
    main(sys.argv[1])
