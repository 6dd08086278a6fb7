"""Loading Beam, which is half of the time that a small run takes."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

from pipeline.cli.options import Options
from transforms import compat, storage
from transforms.model.errors import RunError

_alone = False


def end_process_with_command() -> None:
    """Note that this process runs one command and ends: no later one needs the parts of Beam that this one does not."""
    global _alone  # of the process, like its signal handlers
    _alone = True


@contextlib.contextmanager
def fast_loading(options: Options) -> Iterator[None]:
    """Load modules without garbage collection, and of Beam only what the command needs.

    The collection would take an eighth of Beam's loading time and free nothing.

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
    """Return whether a command reaches nothing but this machine."""
    return options.runner is None and all(map(storage.is_local, (*options.config.places, *options.beam_args)))
