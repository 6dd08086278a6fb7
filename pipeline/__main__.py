"""The command: `python -m pipeline`, `python image_resizer.py` and, once installed, `image_resizer`."""

import os
import sys

from pipeline.terminal import signals


def main() -> int:
    """Run the command and return its exit code; see `run.main`. From the start, a signal ends it with one sentence."""
    signals.exit_on_signal()
    _replace_closed_streams()
    from pipeline import loading, run  # takes a fifth of a second to load, during which a signal may arrive

    loading.end_process_with_command()
    code = run.main()
    signals.ignore_signals()
    return code


def _replace_closed_streams() -> None:
    """Let closed standard streams lead nowhere, here and in child processes.

    Otherwise a file or a pipe that is opened later would get their descriptors, and the messages of a library.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode)  # noqa: SIM115  # open until the process ends
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


if __name__ == "__main__":
    sys.exit(main())
