"""The runners of Beam. Beam itself refuses an unknown runner only when the pipeline is built."""

from __future__ import annotations

import difflib
import importlib

from apache_beam.options.pipeline_options import StandardOptions

from pipeline.errors import UsageError


def check_runner(name: str) -> None:
    """Refuse a runner that Beam does not have.

    Args:
        name: a name that Beam accepts: that of a Beam runner, in any case and with or without "Runner" at its end, or
            the path of a class, such as my.module.MyRunner.

    Raises:
        UsageError: there is no such runner.
    """
    known = {_stem(runner): runner for runner in StandardOptions.KNOWN_RUNNER_NAMES}
    module, dot, class_name = name.rpartition(".")
    if _stem(name) in known or (dot and _has_class(module, class_name)):
        return
    near = difflib.get_close_matches(_stem(name), known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else "leave it out to run on this machine, or use DataflowRunner"
    raise UsageError(f"--runner {name!r} is not an Apache Beam runner: {hint}")


def _stem(runner: str) -> str:
    return runner.lower().removesuffix("runner")


def _has_class(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        return False
