"""Access to the store, and functions that submit and run jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from tests.dataflow.service import Service
from tests.dataflow.store import BUCKET, TEST_HEADER
from tests.support import ROOT

# The command that submits a job.
SUBMIT = "./run_dataflow.sh"

# The flags that every job needs.
PLACE = {"--project": "a-project", "--region": "us-central1", "--temp_location": f"gs://{BUCKET}/tmp"}

# The flags of a job whose workers do not matter: nothing is packaged for them, which takes half of a submission.
IMAGE = ("--image", "an-image")

# The seconds that a single step may take.
_TIMEOUT = 150

# Credentials of a user that need no renewal. A command on gs:// is refused without credentials.
_CREDENTIALS = {
    "type": "authorized_user",
    "client_id": "i",
    "client_secret": "s",
    "refresh_token": "r",
    "token": "t",
    "expiry": "2999-01-01T00:00:00Z",
}


class Request(NamedTuple):
    """A request that the store received. A batch has `parts`, such as "DELETE /storage/v1/b/..."."""

    method: str
    path: str
    status: int
    parts: tuple[str, ...]


class Store:
    """A running store.

    Args:
        url: the URL of the store.
        folder: the folder with the record of its requests, and with credentials.

    Attributes:
        bucket: the client object for `BUCKET`.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._record = folder / "requests.jsonl"
        self._credentials = folder / "credentials.json"
        self._credentials.write_text(json.dumps(_CREDENTIALS))
        client = Client(
            "p", AnonymousCredentials(), client_options={"api_endpoint": url}, extra_headers={TEST_HEADER: "1"}
        )
        self.bucket = client.bucket(BUCKET)

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which a process uses this store instead of Google's."""
        return {
            "STORAGE_EMULATOR_HOST": self.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self._credentials),
            "GOOGLE_CLOUD_PROJECT": "p",
            "NO_GCE_CHECK": "true",
            "CLOUDSDK_CONFIG": str(self._credentials.parent),  # ignore the user's own project and region
        }

    def requests(self) -> list[Request]:
        """Return all requests that the store has answered, except those of this object."""
        self._settle()
        lines = (json.loads(line) for line in self._record.read_text().splitlines())
        return [Request(line["method"], line["path"], line["status"], tuple(line["parts"])) for line in lines]

    def _settle(self) -> None:
        """Wait until all answered requests are recorded: the store handles one request at a time."""
        url = f"{self.url}/storage/v1/b/{BUCKET}"
        urllib.request.urlopen(urllib.request.Request(url, headers={TEST_HEADER: "1"}), timeout=_TIMEOUT).close()

    def clear_requests(self) -> None:
        """Empty the record of requests."""
        self._settle()
        os.truncate(self._record, 0)

    def write_tree(self, folder: Path, prefix: str) -> None:
        """Write each file in `folder` to an object in the folder `prefix`."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.bucket.blob(f"{prefix}/{path.relative_to(folder)}").upload_from_filename(path)

    def read(self, name: str) -> bytes:
        """Return the content of an object."""
        return bytes(self.bucket.blob(name).download_as_bytes())

    def generations(self, prefix: str) -> dict[str, int]:
        """Return path relative to `prefix` -> generation, for each object in the folder `prefix` ("" for all)."""
        folder = f"{prefix}/" if prefix else ""
        return {blob.name.removeprefix(folder): blob.generation for blob in self.bucket.list_blobs(prefix=folder)}

    def snapshot(self, prefix: str) -> dict[str, bytes]:
        """Return path relative to `prefix` -> content, for each object in the folder `prefix` outside `.run`."""
        return {
            path: self.read(f"{prefix}/{path}") for path in self.generations(prefix) if not path.startswith(".run/")
        }


@contextmanager
def running_store(folder: Path, fault_every: int = 0) -> Iterator[Store]:
    """Yield a running store, which ends with this process at the latest.

    Args:
        folder: a folder to create for the store.
        fault_every: refuse each request whose number is a multiple of this; 0 to refuse none.
    """
    folder.mkdir()
    command = [sys.executable, "-m", "tests.dataflow.store", str(folder / "requests.jsonl")]
    command += ["--fault_every", str(fault_every)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        yield Store(f"http://localhost:{int(process.stdout.readline())}", folder)
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


class Job(NamedTuple):
    """A job as the service and the store received it.

    Args:
        description: the description that the service received.
        staged: a folder with the staged files and options.json.
        out: the path of the output folder in the bucket.
        messages: the output of the command that submitted the job.
    """

    description: dict[str, Any]
    staged: Path
    out: str
    messages: str

    @property
    def options(self) -> dict[str, Any]:
        """The options that the workers receive."""
        return dict(self.description["environment"]["sdkPipelineOptions"]["options"])

    @property
    def package(self) -> Path:
        """The staged project: a wheel, or source if this machine cannot compile for the workers."""
        return next(self.staged.glob("downsampled_open_images-*.whl"), self.staged / "workflow.tar.gz")


Submit = Callable[..., Job]


def flags_of(values: dict[str, str]) -> list[str]:
    """Return flags and values as a list of arguments."""
    return [part for pair in values.items() for part in pair]


def submission(store: Store, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the command that submits a job."""
    names = {"PROJECT", "REGION", "TEMP_LOCATION", "IMAGE", "INPUT", "OUTPUT"}  # variables that replace flags
    environment = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [SUBMIT, *flags],
        cwd=ROOT,
        env={**environment, **store.environment()},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )


def submit_to(
    service: Service,
    store: Store,
    name: str,
    flags: Sequence[str],
    folder: Path,
    inputs: Sequence[str] = (f"gs://{BUCKET}/photos",),
) -> Job:
    """Submit a job from `inputs` to gs://bucket/<name>, and copy its staged files into `folder`."""
    known = set(service.jobs)
    place = [*flags_of(PLACE), "--dataflow_endpoint", service.url]
    done = submission(store, *place, "-i", *inputs, "-o", f"gs://{BUCKET}/{name}", "-s", "64", *flags)
    new = [description for job_id, description in service.jobs.items() if job_id not in known]
    assert len(new) == 1, done.stderr
    assert done.returncode == 0, done.stderr
    job = Job(new[0], folder, name, done.stderr)
    staging = job.options["staging_location"].removeprefix(f"gs://{BUCKET}/")
    for path in store.generations(staging):
        (folder / path).write_bytes(store.read(f"{staging}/{path}"))
    (folder / "options.json").write_text(json.dumps(job.options))
    return job


class CapturedRun:
    """A running job whose staged graph was captured. As a context manager, it kills the job at the end of the block.

    Args:
        job: the captured job.
        python: the interpreter of the runner and of the worker.
        store: the store that the job reads from and writes to.
        folder: the folder for its log.
        path: a folder with additional modules for the worker.
    """

    def __init__(self, job: Job, python: Path, store: Store, folder: Path, path: str | None = None) -> None:
        self._pid = folder / "harness.pid"
        self._pid.unlink(missing_ok=True)
        self._log = folder / "captured.log"
        script = Path(__file__).with_name("captured.py")
        command = [str(python), "-P", str(script), str(job.staged / "pipeline.pb"), str(job.staged / "options.json")]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [*command, str(self._pid), "--timeout", str(_TIMEOUT)],
                cwd=folder,
                env={
                    **_as_on_a_worker({**os.environ, **store.environment()}),
                    **({"PYTHONPATH": path} if path else {}),
                },
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> CapturedRun:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        if self._pid.exists():
            self.kill_harness()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition is true.

        Raises:
            AssertionError: the job ended before that.
        """
        while not condition():
            assert self._process.poll() is None, self._log.read_text()[-4000:]
            time.sleep(0.02)

    def kill_harness(self) -> None:
        """Kill the process that runs the user's code, as if the worker's machine had failed."""
        with suppress(ProcessLookupError):
            os.kill(int(self._pid.read_text()), signal.SIGKILL)

    def wait(self) -> int:
        """Wait for the end, print the log after a failure, and return the exit code; see `captured`."""
        code = self._process.wait(_TIMEOUT + 10)
        if code:
            print(self._log.read_text()[-4000:])
        return code


def _as_on_a_worker(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment without the variables of this Python, such as the path of the project."""
    return {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
