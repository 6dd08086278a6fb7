"""Loading Beam, which takes half of the time of a small run."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

from pipeline.cli.options import Options
from transforms import compat, storage
from transforms.model.errors import RunError

_alone = False


def end_process_with_command() -> None:
    """Note that this process ends after one command, so that the unused parts of Beam need not be loaded."""
    global _alone  # a property of the process, like its signal handlers
    _alone = True


@contextlib.contextmanager
def fast_loading(options: Options) -> Iterator[None]:
    """Load modules without garbage collection. If possible, load only the parts of Beam that the command needs.

    Garbage collection would take an eighth of Beam's loading time, and free nothing.

    Args:
        options: the command.

    Raises:
        RunError: the system refuses to read a module.
    """
    gc.disable()
    try:
        if _alone and is_local(options):
            compat.load_beam_without_optional_parts()
        yield
    except OSError as error:
        raise RunError(f"Beam cannot be loaded ({error.strerror}): raise the limit (ulimit -a)") from error
    gc.freeze()
    gc.enable()


def is_local(options: Options) -> bool:
    """Return whether a command uses only this machine."""
    return options.runner is None and all(map(storage.is_local, (*options.config.places, *options.beam_args)))
