"""The command: `python -m pipeline`, `python image_resizer.py` and, once installed, `image_resizer`."""

import sys

from pipeline.terminal import signals


def main() -> int:
    """Run the command and return its exit code; see `run.main`. From the start, a signal ends it with one sentence."""
    signals.exit_on_signal()
    from pipeline import loading, run  # takes a fifth of a second to load, during which a signal may arrive

    loading.end_process_with_command()
    code = run.main()
    signals.ignore_signals()
    return code


if __name__ == "__main__":
    sys.exit(main())
