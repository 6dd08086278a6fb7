"""The command: `python -m pipeline`, `python image_resizer.py` and, where it is installed, `image_resizer`."""

import sys

from pipeline.terminal import signals


def main() -> int:
    """The command, which a signal ends with a sentence from its first moment on; see `run.main`."""
    signals.exit_on_signal()
    from pipeline import run  # takes a fifth of a second to load

    code = run.main()
    signals.ignore_signals()
    return code


if __name__ == "__main__":
    sys.exit(main())
