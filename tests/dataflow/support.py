"""The tests' side of the store, and what stands around a job."""

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

# The command that submits; its flags follow.
SUBMIT = "./run_dataflow.sh"

# The flags that a job cannot do without.
PLACE = {"--project": "a-project", "--region": "us-central1", "--temp_location": f"gs://{BUCKET}/tmp"}

# Seconds that any one step may take.
_PATIENCE = 150

# A user's credentials that need no renewal. Without any, each command on gs:// is refused.
_CREDENTIALS = {
    "type": "authorized_user",
    "client_id": "i",
    "client_secret": "s",
    "refresh_token": "r",
    "token": "t",
    "expiry": "2999-01-01T00:00:00Z",
}


class Request(NamedTuple):
    """A request that the store saw; a batch has `parts`, such as "DELETE /storage/v1/b/..."."""

    method: str
    path: str
    status: int
    parts: tuple[str, ...]


class Store:
    """A running store, its objects by their names.

    Args:
        url: where it listens.
        folder: what it keeps on the disk: the record of its requests, and credentials.

    Attributes:
        bucket: its only one, as its client has it.
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
        """What a process needs in its environment in order to meet this store instead of the cloud's."""
        return {
            "STORAGE_EMULATOR_HOST": self.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self._credentials),
            "GOOGLE_CLOUD_PROJECT": "p",
            "NO_GCE_CHECK": "true",
            "CLOUDSDK_CONFIG": str(self._credentials.parent),  # no project or region of whoever runs the tests
        }

    def requests(self) -> list[Request]:
        """All that it has answered, but for what this object asked."""
        self._settle()
        lines = (json.loads(line) for line in self._record.read_text().splitlines())
        return [Request(one["method"], one["path"], one["status"], tuple(one["parts"])) for one in lines]

    def _settle(self) -> None:
        """Waits until all that was answered is recorded too: the store answers one request after the other."""
        url = f"{self.url}/storage/v1/b/{BUCKET}"
        urllib.request.urlopen(urllib.request.Request(url, headers={TEST_HEADER: "1"}), timeout=_PATIENCE).close()

    def forget(self) -> None:
        """Empties the record."""
        self._settle()
        os.truncate(self._record, 0)

    def write_tree(self, folder: Path, prefix: str) -> None:
        """An object for each file below `folder`."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.bucket.blob(f"{prefix}/{path.relative_to(folder)}").upload_from_filename(path)

    def read(self, name: str) -> bytes:
        """An object's content."""
        return bytes(self.bucket.blob(name).download_as_bytes())

    def generations(self, prefix: str) -> dict[str, int]:
        """Which write each object below `prefix`, "" for all, is of; by its path below it."""
        folder = f"{prefix}/" if prefix else ""
        return {one.name.removeprefix(folder): one.generation for one in self.bucket.list_blobs(prefix=folder)}

    def snapshot(self, prefix: str) -> dict[str, bytes]:
        """The content of every object below `prefix` outside `_run`, by its path below it."""
        return {
            path: self.read(f"{prefix}/{path}") for path in self.generations(prefix) if not path.startswith("_run/")
        }


@contextmanager
def running_store(folder: Path, fault_every: int = 0) -> Iterator[Store]:
    """A store that ends with this process at the latest.

    Args:
        folder: a new folder of its own.
        fault_every: every so many requests are turned away; 0 is none.
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
    """A job as the service and the store got it.

    Args:
        description: what the service got.
        staged: a folder with the files that it names, and options.json.
        out: where below the bucket its dataset goes.
        shown: what the command that submitted it said.
    """

    description: dict[str, Any]
    staged: Path
    out: str
    shown: str

    @property
    def options(self) -> dict[str, Any]:
        """The options that its workers get."""
        return dict(self.description["environment"]["sdkPipelineOptions"]["options"])


Submit = Callable[..., Job]


def flags_of(values: dict[str, str]) -> list[str]:
    """Flags with their values as a command has them."""
    return [part for pair in values.items() for part in pair]


def submission(store: Store, *flags: str) -> subprocess.CompletedProcess[str]:
    """Runs the command that submits."""
    names = {"PROJECT", "REGION", "TEMP_LOCATION", "IMAGE", "INPUT", "OUTPUT"}  # stand in for flags
    environment = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [SUBMIT, *flags],
        cwd=ROOT,
        env={**environment, **store.environment()},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )


def submit_to(service: Service, store: Store, name: str, flags: Sequence[str], folder: Path) -> Job:
    """Submits a job that makes a dataset of gs://bucket/photos in gs://bucket/<name>; what it staged is in `folder`."""
    known = set(service.jobs)
    place = [*flags_of(PLACE), "--dataflow_endpoint", service.url]
    done = submission(store, *place, "-i", f"gs://{BUCKET}/photos", "-o", f"gs://{BUCKET}/{name}", "-s", "64", *flags)
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
    """A captured job that runs; as a context, it ends with the block.

    Args:
        job: whose staged graph is run.
        python: the interpreter that runs it, and its worker.
        store: where it reads and writes.
        folder: for its log.
        path: a folder whose modules its worker has besides.
    """

    def __init__(self, job: Job, python: Path, store: Store, folder: Path, path: str | None = None) -> None:
        self._pid = folder / "harness.pid"
        self._pid.unlink(missing_ok=True)
        self._log = folder / "captured.log"
        script = Path(__file__).with_name("captured.py")
        command = [str(python), "-P", str(script), str(job.staged / "pipeline.pb"), str(job.staged / "options.json")]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [*command, str(self._pid), "--timeout", str(_PATIENCE)],
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

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Lets it run until something is so.

        Raises:
            AssertionError: it has ended before.
        """
        while not true():
            assert self._process.poll() is None, self._log.read_text()[-4000:]
            time.sleep(0.02)

    def kill_harness(self) -> None:
        """Ends the process in which the user's code runs as a worker's machine would that is taken away."""
        with suppress(ProcessLookupError):
            os.kill(int(self._pid.read_text()), signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, see `captured`; shows its log where it has failed."""
        code = self._process.wait(_PATIENCE + 10)
        if code:
            print(self._log.read_text()[-4000:])
        return code


def _as_on_a_worker(environment: dict[str, str]) -> dict[str, str]:
    """An environment without what this process's Python was told: where the project is, say."""
    return {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
