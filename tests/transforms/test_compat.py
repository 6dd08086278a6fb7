import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.gcp import gcsio
from apache_beam.options import pipeline_options_validator
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.runners.dataflow.dataflow_runner import DataflowPipelineResult
from apache_beam.runners.dataflow.internal import apiclient
from google.api_core.exceptions import Forbidden, NotFound, ServiceUnavailable
from google.cloud.client import Client as BaseClient
from google.cloud.storage import Client, retry

from tests.dataflow.service import running_service
from tests.support import ROOT
from transforms import compat
from transforms.model.errors import RunError

SERVICE = ["--project", "p", "--region", "us-central1", "--no_auth"]

BEAM = f"apache-beam {version('apache-beam')}"
GOOGLE = f"google-cloud-storage {version('google-cloud-storage')}"
PYTHON = f"Python {sys.version.split()[0]}"


def anonymous_client() -> Client:
    return compat.storage_client(PipelineOptions([]), anonymous=True)


def test_the_options_of_file_systems_are_those_of_beam(monkeypatch: pytest.MonkeyPatch) -> None:
    options = PipelineOptions(["--project", "a-project"])
    monkeypatch.setattr(FileSystems, "_pipeline_options", options)
    assert compat.file_system_options() is options
    monkeypatch.setattr(FileSystems, "_pipeline_options", None)
    assert compat.file_system_options().view_as(GoogleCloudOptions).no_auth is False


def test_the_session_of_a_client() -> None:
    client = anonymous_client()
    session = compat.session_of(client)
    assert session.get_adapter("https://x") is session.adapters["https://"]
    assert compat.session_of(client) is session


def test_transient_errors_are_those_that_the_client_retries() -> None:
    is_transient = compat.is_transient()
    assert is_transient(ServiceUnavailable("busy"))
    assert is_transient(ConnectionError())
    assert not is_transient(Forbidden("no"))
    assert not is_transient(TypeError())


def test_the_flags_of_beam_and_of_a_parser() -> None:
    flags = compat.flags_of(compat.beam_parser())
    assert {"--project", "--max_num_workers", "--experiment", "--experiments", "--streaming"} <= set(flags)
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "--size")
    assert compat.flags_of(parser) == ["-h", "--help", "-s", "--size"]


def test_what_beam_finds_wrong_in_its_flags() -> None:
    assert compat.problems_of_options(["--num_workers=2", "--pickle_library=cloudpickle"]) == []
    legacy, wrong = ["--worker_harness_container_image=a", "--sdk_container_image=b"], ["--environment_type=PROCESS"]
    assert [problem.split()[0] for problem in compat.problems_of_options([*legacy, *wrong])] == ["Option", "Cannot"]


def test_the_state_of_a_job() -> None:
    with running_service() as service:
        service.jobs["job-1"] = {"name": "a-job"}
        args = [*SERVICE, "--dataflow_endpoint", service.url]
        assert compat.dataflow_job_state("job-1", args) == "RUNNING"
        service.state = "JOB_STATE_CANCELLED"
        assert compat.dataflow_job_state("job-1", args) == "CANCELLED"


def test_a_missing_job_is_not_asked_for_again() -> None:
    with running_service() as service:
        with pytest.raises(NotFound):
            compat.dataflow_job_state("job-1", [*SERVICE, "--dataflow_endpoint", service.url])
        assert service.requests == ["GET /v1b3/projects/p/locations/us-central1/jobs/job-1"]


@pytest.mark.parametrize(
    ("owner", "name", "use", "message"),
    [
        (
            FileSystems,
            "_pipeline_options",
            compat.file_system_options,
            f"{BEAM} no longer has FileSystems._pipeline_options: install apache-beam 2.77, which has it",
        ),
        (
            gcsio,
            "create_storage_client",
            anonymous_client,
            f"{BEAM} no longer has apache_beam.io.gcp.gcsio.create_storage_client: install apache-beam 2.77, "
            "which has it",
        ),
        (
            BaseClient,
            "_http",
            lambda: compat.session_of(anonymous_client()),
            f"{GOOGLE} no longer has Client._http: install google-cloud-storage 3.17, which has it",
        ),
        (
            retry,
            "_should_retry",
            compat.is_transient,
            f"{GOOGLE} no longer has google.cloud.storage.retry._should_retry: install google-cloud-storage 3.17, "
            "which has it",
        ),
        (
            pipeline_options_validator,
            "PipelineOptionsValidator",
            lambda: compat.problems_of_options([]),
            f"{BEAM} no longer has apache_beam.options.pipeline_options_validator.PipelineOptionsValidator: install "
            "apache-beam 2.77, which has it",
        ),
        (
            apiclient,
            "DataflowApplicationClient",
            lambda: compat.dataflow_job_state("job-1", SERVICE),
            f"{BEAM} no longer has apache_beam.runners.dataflow.internal.apiclient.DataflowApplicationClient: install "
            "apache-beam 2.77, which has it",
        ),
        (
            DataflowPipelineResult,
            "api_jobstate_to_pipeline_state",
            lambda: compat.dataflow_job_state("job-1", SERVICE),
            f"{BEAM} no longer has DataflowPipelineResult.api_jobstate_to_pipeline_state: install apache-beam 2.77, "
            "which has it",
        ),
    ],
)
def test_a_missing_name_is_an_error_that_names_the_version_to_install(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, use: Callable[[], object], message: str
) -> None:
    monkeypatch.delattr(owner, name)
    with pytest.raises(RunError) as raised:
        use()
    assert str(raised.value) == message


def test_missing_names_of_flags_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(PipelineOptions, "_add_argparse_args")
    monkeypatch.delattr(GoogleCloudOptions, "_add_argparse_args")
    with pytest.raises(RunError) as raised:
        compat.beam_parser()
    assert str(raised.value) == (
        f"{BEAM} no longer has GoogleCloudOptions._add_argparse_args: install apache-beam 2.77, which has it"
    )
    parser = argparse.ArgumentParser()
    del parser._actions
    with pytest.raises(RunError) as raised:
        compat.flags_of(parser)
    assert str(raised.value) == f"{PYTHON} no longer has ArgumentParser._actions: install Python 3.11, which has it"


@pytest.mark.parametrize(
    ("module", "use"),
    [
        ("apache_beam.io.gcp.gcsio", anonymous_client),
        ("apache_beam.runners.dataflow.internal.apiclient", lambda: compat.dataflow_job_state("job-1", SERVICE)),
        ("apache_beam.runners.dataflow.dataflow_runner", lambda: compat.dataflow_job_state("job-1", SERVICE)),
        ("google.cloud.storage.retry", compat.is_transient),
    ],
)
def test_a_missing_module_is_an_error_that_names_the_version_to_install(
    monkeypatch: pytest.MonkeyPatch, module: str, use: Callable[[], object]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # with None, importing the module fails
    with pytest.raises(RunError, match=rf"^\S+ \S+ no longer has {re.escape(module)}: install \S+ \S+, which has it$"):
        use()


# What Pillow does not document, beside names that begin with an underscore.
OF_PILLOW = re.compile(
    r"\bImage\.OPEN\b|\bCOMPRESSION_INFO\b|\bPsdImagePlugin\.MODES\b|\b_Tile\b|\b_imaging\b"
    r"|\w\.(?:tile|decodermaxblock|use_load_libtiff|layer|resources|rawmode)\b|\bicon\.ico\b"
)


def test_only_compat_uses_private_names() -> None:
    """Names of a foreign library that begin with an underscore, and modules that Beam documents as internal."""
    attribute = r"(?<![\w.])(?!(?:self|cls)\.)[\w.]+(?:\(.*\))?\._(?!asdict|replace|fields|exit)[a-z]"
    private = re.compile(rf"{attribute}|\.internal\b|gcsio_retry|import _(?!resample\b)[a-z]")  # _resample is ours
    for folder in ("pipeline", "transforms"):
        for path in (ROOT / folder).rglob("*.py"):
            lines = path.read_text(encoding="utf-8").splitlines()
            if path.name != "compat.py":
                assert [line for line in lines if private.search(line)] == [], path


def test_what_pillow_does_not_document_is_used_in_compat_alone() -> None:
    imaging = ROOT / "transforms" / "imaging"
    found = {path.name for path in imaging.glob("*.py") if OF_PILLOW.search(path.read_text(encoding="utf-8"))}
    assert found == {"compat.py"}


LOAD = """
import logging, sys
from transforms import compat
{before}
compat.load_beam_without_optional_parts()
print(*(name for name in compat.OPTIONAL if name in sys.modules))
print(logging.root.manager.disable)
from apache_beam.io.filesystems import FileSystems
try:
    print(FileSystems.get_filesystem("gs://bucket/x").scheme())
except ValueError:
    print("no gs")
import pandas, pyarrow, pymongo, google.cloud.storage, apache_beam.io.gcp.gcsio
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "printed"),
    [
        ("", ["", "0", "no gs"]),
        ("import bson, pyarrow; logging.disable(5)", ["bson pyarrow", "5", "no gs"]),
        ("compat._TESTED[compat.BEAM] = '2.7'", [" ".join(compat.OPTIONAL), "0", "gs"]),
    ],
    ids=["tested", "some-are-loaded", "another-version"],
)
def test_a_tested_version_of_beam_is_loaded_without_its_optional_parts(before: str, printed: list[str]) -> None:
    code = LOAD.format(before=before)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == printed
    assert done.stderr == ""
