"""Private names of Beam, of Google's client and of argparse. No other module uses any of them.

If the installed version lacks a name, the functions raise a `RunError` that names it. Importing this module imports
neither Beam nor Google's client.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import logging
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from transforms.model.errors import RunError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions
    from google.cloud.storage import Client
    from requests import Session

BEAM, GOOGLE, PYTHON = "apache-beam", "google-cloud-storage", "Python"

# The versions with which the tests of this module passed.
_TESTED = {BEAM: "2.77", GOOGLE: "3.17", PYTHON: "3.11"}

# Modules that Beam imports if they are installed, but can do without: its own modules for stores and services, the
# clients that those need, and table libraries.
OPTIONAL = (
    *("apache_beam.io.aws", "apache_beam.io.azure", "apache_beam.io.gcp"),
    *("apitools", "google.api_core", "google.auth"),
    *("bson", "pymongo"),
    *("pandas", "pyarrow"),
)


def load_beam_without_optional_parts() -> None:
    """Import Beam without `OPTIONAL`, which takes two fifths of the import time, in a process that needs no store.

    Afterwards Beam can access local files only. All other code in the process can import the omitted modules. An
    untested version of Beam is imported as a whole, since it may need some of them.
    """
    tested = _version(BEAM).startswith(f"{_TESTED[BEAM]}.")
    with _hidden([name for name in OPTIONAL if tested and name not in sys.modules]):
        importlib.import_module("apache_beam")


@contextlib.contextmanager
def _hidden(names: Sequence[str]) -> Iterator[None]:
    """Make modules look as if they were not installed, and silence warnings about that."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None: importing it raises ModuleNotFoundError
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        logging.disable(disabled)


def file_system_options() -> PipelineOptions:
    """Return the options of Beam's file systems in this process. In a worker, Beam has set them."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    return _attribute(FileSystems, "_pipeline_options", BEAM) or PipelineOptions()


def storage_client(options: PipelineOptions, anonymous: bool) -> Client:
    """Return a client of Google Cloud Storage with the same credentials and headers as Beam's own client."""
    create = _attribute(_module("apache_beam.io.gcp.gcsio", BEAM), "create_storage_client", BEAM)
    return create(options, use_credentials=not anonymous)


def session_of(client: Client) -> Session:
    """Return the HTTP session of a client of Google Cloud Storage."""
    return _attribute(client, "_http", GOOGLE)


def is_transient() -> Callable[[BaseException], bool]:
    """Return the predicate with which Google's client decides whether an error is transient."""
    return _attribute(_module("google.cloud.storage.retry", GOOGLE), "_should_retry", GOOGLE)


def beam_parser() -> argparse.ArgumentParser:
    """Return a parser with the flags that Beam adds to its own parser."""
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for group in PipelineOptions.__subclasses__():
        _attribute(group, "_add_argparse_args", BEAM)(parser)
    return parser


def flags_of(parser: argparse.ArgumentParser) -> list[str]:
    """Return every spelling of every flag of a parser."""
    return [flag for action in _attribute(parser, "_actions", PYTHON) for flag in action.option_strings]


def problems_of_options(args: Sequence[str]) -> list[str]:
    """Return Beam's messages about invalid Beam flags, except for flags that only one runner requires."""
    from apache_beam.options.pipeline_options import PipelineOptions

    module = _module("apache_beam.options.pipeline_options_validator", BEAM)
    try:
        return _attribute(module, "PipelineOptionsValidator", BEAM)(PipelineOptions(list(args)), None).validate()
    except ModuleNotFoundError as error:  # a flag of Beam's own tests needs a test library
        return [str(error)]


def dataflow_job_state(job_id: str, beam_args: Sequence[str]) -> str:
    """Return the state of a Dataflow job, such as RUNNING: a value of Beam's `PipelineState`.

    The service is asked once. Beam would ask again for ten minutes, even if there is no such job.

    Raises:
        Exception: anything that Dataflow's client raises.
    """
    from apache_beam.options.pipeline_options import PipelineOptions

    service = _module("apache_beam.runners.dataflow.internal.apiclient", BEAM)
    runner = _module("apache_beam.runners.dataflow.dataflow_runner", BEAM)
    connect = _attribute(service, "DataflowApplicationClient", BEAM)
    result = _attribute(runner, "DataflowPipelineResult", BEAM)
    state_of = _attribute(result, "api_jobstate_to_pipeline_state", BEAM)
    client = connect(PipelineOptions(list(beam_args)))
    get_job = _attribute(client.get_job, "__wrapped__", BEAM)
    return state_of(get_job(client, job_id).current_state)


def worker_environment(worker_id: str, endpoint: str) -> dict[str, str]:
    """Request the settings of a worker from its runner. Return them as the environment variables that Beam reads.

    Args:
        worker_id: the ID that the runner has assigned to the worker.
        endpoint: the address of the runner's provision service.

    Raises:
        Exception: anything that grpc raises.
    """
    import grpc
    from google.protobuf import json_format, text_format

    api = _module("apache_beam.portability.api", BEAM)
    messages = _attribute(api, "beam_provision_api_pb2", BEAM)
    services = _attribute(api, "beam_provision_api_pb2_grpc", BEAM)
    interceptors = _module("apache_beam.runners.worker.worker_id_interceptor", BEAM)
    interceptor = _attribute(interceptors, "WorkerIdInterceptor", BEAM)
    with grpc.insecure_channel(endpoint) as channel:
        asked = grpc.intercept_channel(channel, interceptor(worker_id))
        stub = _attribute(services, "ProvisionServiceStub", BEAM)(asked)
        request = _attribute(messages, "GetProvisionInfoRequest", BEAM)()
        info = stub.GetProvisionInfo(request, timeout=60, wait_for_ready=True).info
    return {
        "WORKER_ID": worker_id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "LOGGING_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.logging_endpoint),
        "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.control_endpoint),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }


def run_worker() -> None:
    """Run a Beam worker, configured by the variables of `worker_environment`, until the runner has no more work."""
    worker = _module("apache_beam.runners.worker.sdk_worker_main", BEAM)
    _attribute(worker, "main", BEAM)([])


def silence_workers() -> None:
    """Keep workers in this process from printing tracebacks: the end of the job reports their errors."""
    for name in ("apache_beam.runners.worker.sdk_worker", "apache_beam.runners.worker.log_handler"):
        _module(name, BEAM).print = _print_nothing


def _print_nothing(*_args: object, **_options: object) -> None: ...


def portable_job_id(result: object) -> str:
    """Return the ID of a job from the result of Beam's portable runner."""
    return _attribute(result, "_job_id", BEAM)


def _attribute(owner: object, name: str, library: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        where = getattr(owner, "__name__", type(owner).__name__)
        raise _dropped(f"{where}.{name}", library) from error


def _module(name: str, library: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _dropped(error.name or name, library) from error


def _dropped(name: str, library: str) -> RunError:
    return RunError(
        f"{library} {_version(library)} no longer has {name}: install {library} {_TESTED[library]}, which has it"
    )


@functools.cache
def _version(library: str) -> str:
    import importlib.metadata  # loaded here because it is slow and workers do not need it

    return platform.python_version() if library == PYTHON else importlib.metadata.version(library)
