"""Runs a job as it was staged: `python captured.py PIPELINE OPTIONS HARNESS_PID [--timeout SECONDS]`.

PIPELINE is the staged graph and OPTIONS the job's options, as JSON. The user's code runs in a process of its own,
this interpreter's SDK harness, as on a worker; its number goes to HARNESS_PID. Only the runner is another. Ends with
3 if the harness dies, for which the runner would wait for ever, and with 4 after the time-out.

No part of the project is imported: this file is run by the environment that was made of what was staged.
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


def on_this_machine(pipeline: beam_runner_api_pb2.Pipeline, harness_pid: Path) -> None:
    """Has the steps that a container would run be run by a process."""
    command = f"echo $$ > {shlex.quote(str(harness_pid))}; exec {shlex.quote(sys.executable)} -P -m {_HARNESS}"
    for environment in pipeline.components.environments.values():
        if environment.urn == common_urns.environments.DOCKER.urn:
            environment.urn = python_urns.SUBPROCESS_SDK
            environment.payload = command.encode()


def provision(options: dict[str, Any]) -> ExtendedProvisionInfo:
    """What the harness is told of the job."""
    struct = Struct()
    struct.update({"options": {name: _as_flag(value) for name, value in options.items()}})
    return ExtendedProvisionInfo(
        beam_provision_api_pb2.ProvisionInfo(retrieval_token="none", pipeline_options=struct), job_name="captured"
    )


def _as_flag(value: Any) -> Any:
    """Numbers as they are typed: a Struct has floats only, which a flag for a whole number refuses."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


def _leave(code: int) -> None:
    sys.stderr.flush()
    os._exit(code)


def _harness_died(args: threading.ExceptHookArgs) -> None:
    traceback.print_exception(args.exc_value)
    _leave(HARNESS_DIED)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("options", type=Path)
    parser.add_argument("harness_pid", type=Path)
    parser.add_argument("--timeout", type=float, default=120)
    args = parser.parse_args()
    pipeline = beam_runner_api_pb2.Pipeline.FromString(args.pipeline.read_bytes())
    on_this_machine(pipeline, args.harness_pid)
    threading.excepthook = _harness_died
    end = threading.Timer(args.timeout, _leave, [TIMED_OUT])
    end.daemon = True
    end.start()
    runner = FnApiRunner(provision_info=provision(json.loads(args.options.read_text())))
    runner.run_via_runner_api(pipeline, PipelineOptions([])).wait_until_finish()
    end.cancel()


if __name__ == "__main__":
    main()
