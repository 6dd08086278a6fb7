"""A script that outlives the process that starts it, to end what that process has started, even after a SIGKILL.

It prints the number of a process group, for the processes to join. It waits for the end of its standard input, which
comes when whoever holds the other end is gone. Then it kills the group, deletes the folder that it was given, and
ends. It imports nothing of the project, so that it is small and starts at once.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from typing import NoReturn

# The killed leave the folder within milliseconds. A zombie that nobody collects holds up no one for longer.
_SECONDS = 3.0


def main(folder: str) -> None:
    """Keep a group of processes.

    Args:
        folder: is deleted at the end.
    """
    group = os.fork()
    if group == 0:
        _lead()
    with contextlib.suppress(OSError):  # both set it: whichever is first
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
    """Be the first of the group, so that it exists as long as it may be joined."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    _wait()
    time.sleep(_SECONDS)  # killed within: or the keeper is gone, too
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
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # only the end of the other process counts
        signal.signal(number, signal.SIG_IGN)
    main(sys.argv[1])
