"""Run a job as it was staged: `python captured.py PIPELINE OPTIONS HARNESS_PID [--timeout SECONDS]`.

PIPELINE is the staged graph, and OPTIONS is a JSON file with the job's options. As on a worker, the SDK harness of
this interpreter runs the user's code in a separate process, whose ID is written to HARNESS_PID. Only the runner
differs. The exit code is 3 if the harness dies, which the runner would not notice, and 4 after the timeout.

This file imports no part of the project: its environment contains only what was staged.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns, python_urns
from apache_beam.portability.api import beam_provision_api_pb2, beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo, FnApiRunner
from google.protobuf.struct_pb2 import Struct

HARNESS_DIED, TIMED_OUT = 3, 4

_HARNESS = "apache_beam.runners.worker.sdk_worker_main"


def use_processes(pipeline: beam_runner_api_pb2.Pipeline, harness_pid: Path) -> None:
    """Replace the container of each environment with a process on this machine."""
    command = f"echo $$ > {shlex.quote(str(harness_pid))}; exec {shlex.quote(sys.executable)} -P -m {_HARNESS}"
    for environment in pipeline.components.environments.values():
        if environment.urn == common_urns.environments.DOCKER.urn:
            environment.urn = python_urns.SUBPROCESS_SDK
            environment.payload = command.encode()


def provision(options: dict[str, Any]) -> ExtendedProvisionInfo:
    """Return the description of the job for the harness."""
    struct = Struct()
    struct.update({"options": {name: _as_flag(value) for name, value in options.items()}})
    return ExtendedProvisionInfo(
        beam_provision_api_pb2.ProvisionInfo(retrieval_token="none", pipeline_options=struct), job_name="captured"
    )


def _as_flag(value: Any) -> Any:
    """Return a number as text: a Struct stores numbers as floats, which a flag for a whole number refuses."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


def _exit(code: int) -> None:
    sys.stderr.flush()
    os._exit(code)


def _harness_died(args: threading.ExceptHookArgs) -> None:
    traceback.print_exception(args.exc_value)
    _exit(HARNESS_DIED)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("options", type=Path)
    parser.add_argument("harness_pid", type=Path)
    parser.add_argument("--timeout", type=float, default=120)
    args = parser.parse_args()
    pipeline = beam_runner_api_pb2.Pipeline.FromString(args.pipeline.read_bytes())
    use_processes(pipeline, args.harness_pid)
    threading.excepthook = _harness_died
    timer = threading.Timer(args.timeout, _exit, [TIMED_OUT])
    timer.daemon = True
    timer.start()
    runner = FnApiRunner(provision_info=provision(json.loads(args.options.read_text())))
    runner.run_via_runner_api(pipeline, PipelineOptions([])).wait_until_finish()
    timer.cancel()


if __name__ == "__main__":
    main()
