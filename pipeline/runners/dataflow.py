"""The flags of a Dataflow job: checks before anything is written, and suitable defaults.

The user's own flags are never changed.
"""

from __future__ import annotations

import datetime
import os
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    WorkerOptions,
)

from pipeline.errors import UsageError
from pipeline.runners import packages
from transforms import storage
from transforms.model.config import ResizeConfig

# Four processes with 4 GB each: enough for two shards of 4000 outputs and the images being decoded. All its
# processors have AVX2, which older machine types may lack. On Dataflow, a vCPU costs the same for every machine type.
MACHINE_TYPE = "n2-standard-4"
VCPUS_PER_WORKER = 4
MEMORY_GB_PER_WORKER = 16
# The disk holds only the container: images are never written to it, and Dataflow shuffles outside the workers.
DISK_GB_PER_WORKER = 30
# A process gets one shard at a time, which alone keeps its worker process busy: see transforms/resizing.
THREADS_PER_PROCESS = 1
# With fewer shards per process, many processes would be idle while the last shards are processed.
SHARDS_PER_PROCESS = 4
# By --estimate's formula, 400 vCPUs resize nine million photographs of 1024 px in 22 minutes. New projects have
# smaller quotas.
MAX_WORKERS = 100

LABEL = "application=downsampled-open-images"

_PROJECT = re.compile(r"[a-z][-a-z0-9:.]+[a-z0-9]")
_REGION = re.compile(r"[a-z]+-[a-z]+[0-9]+")
_JOB_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LOCATION = re.compile(r"gs://[a-z0-9][-_a-z0-9.]+[a-z0-9]/.*", re.DOTALL)


def max_workers(shards: int) -> int:
    """Return how many workers this number of shards keeps busy, with at least four shards for each process."""
    return min(MAX_WORKERS, max(1, shards // (SHARDS_PER_PROCESS * VCPUS_PER_WORKER)))


def check(beam_args: Sequence[str], config: ResizeConfig) -> None:
    """Refuse flags that Dataflow would refuse, or that Beam would silently replace, before anything is written.

    Raises:
        UsageError: a flag is missing or wrong. The message names the flag, its value and what is allowed.
    """
    options = PipelineOptions(list(beam_args))
    cloud, worker = options.view_as(GoogleCloudOptions), options.view_as(WorkerOptions)
    _check_place(cloud)
    _check_workers(worker)
    _check_staged_files(options.view_as(SetupOptions))
    for flag, value in _locations(cloud).items():
        if not _LOCATION.fullmatch(value):
            raise UsageError(f"--{flag} {value!r} is not a Cloud Storage path: use one such as gs://my-bucket/tmp")
    for path in config.places:
        if not path.startswith(("gs://", "s3://", "https://", "http://")):
            raise UsageError(f"workers on Dataflow cannot reach {path!r}: use a path such as gs://bucket/folder")
    if cloud.no_auth:
        raise UsageError("--no_auth cannot be used with --runner DataflowRunner: a job needs an account; leave it out")
    if worker.use_public_ips is False and not worker.sdk_container_image:
        raise UsageError(
            "--no_use_public_ips keeps workers from installing packages: pass an image that contains them with "
            "--sdk_container_image (run_dataflow.sh --image)"
        )


def _check_place(cloud: GoogleCloudOptions) -> None:
    project = "the id of a project, such as my-project-1, not its number or title"
    region = "the region of the input's bucket, such as us-central1"
    for flag, value, pattern, name, hint in (
        ("project", cloud.project, _PROJECT, "project id", project),
        ("region", cloud.region, _REGION, "region", region),
    ):
        if not value:
            raise UsageError(f"--{flag} is missing: specify {hint}")
        if not pattern.fullmatch(value):
            raise UsageError(f"--{flag} {value!r} is not a {name}: use {hint}")
    if cloud.job_name and not _JOB_NAME.fullmatch(cloud.job_name):
        raise UsageError(
            f"--job_name {cloud.job_name!r} is not a job name: use lowercase letters, digits and hyphens, such as "
            "resize-1"
        )


def _check_workers(worker: WorkerOptions) -> None:
    number, most = worker.num_workers, worker.max_num_workers
    for flag, value in (("num_workers", number), ("max_num_workers", most)):
        if value is not None and value < 1:
            raise UsageError(f"--{flag} {value} is out of range: use a whole number of 1 or more")
    if number and most and number > most:
        raise UsageError(f"--num_workers {number} is more than --max_num_workers {most}: use at most {most}")


def _check_staged_files(setup: SetupOptions) -> None:
    packages = [("extra_package", path) for path in setup.extra_packages or ()]
    for flag, path in (("requirements_file", setup.requirements_file), ("setup_file", setup.setup_file), *packages):
        if path and storage.is_local(path) and not os.path.isfile(path):
            raise UsageError(f"--{flag} {path!r} is not a file: use the path of a file on this machine")


def _locations(cloud: GoogleCloudOptions) -> dict[str, str]:
    """Return flag -> path for the folders of staged files that the user's flags name."""
    given = {"temp_location": cloud.temp_location, "staging_location": cloud.staging_location}
    return {flag: path for flag, path in given.items() if path is not None}


def staging_folders(beam_args: Sequence[str]) -> list[str]:
    """Return the folders of staged files that the user's flags name. Beam retries for minutes if one is missing."""
    return list(_locations(PipelineOptions(list(beam_args)).view_as(GoogleCloudOptions)).values())


def region_warnings(beam_args: Sequence[str], config: ResizeConfig) -> Iterator[str]:
    """Yield a sentence for each bucket that is in a different region than the workers."""
    region = PipelineOptions(list(beam_args)).view_as(GoogleCloudOptions).region
    for path in (*(split.root for split in config.splits), config.out_dir):
        actual = storage.region_of(path) if path.startswith("gs://") else None
        if actual and _REGION.fullmatch(actual) and actual != region:
            yield (
                f"{path!r} is in {actual} but the workers are in {region}: traffic between regions is billed; use a "
                "bucket and workers in the same region"
            )


def complete(
    beam_args: Sequence[str], config: ResizeConfig, count_shards: Callable[[], int], folder: Path
) -> list[str]:
    """Return the user's flags, followed by defaults for missing flags.

    Args:
        beam_args: the user's flags.
        config: the dataset.
        count_shards: returns the number of its shards. Listing millions of names may take long, so it is called only if
            the user's flags do not limit the number of workers.
        folder: a temporary folder for files that Beam reads during submission.
    """
    return [*beam_args, *_defaults(PipelineOptions(list(beam_args)), config, count_shards, folder)]


def _defaults(
    options: PipelineOptions, config: ResizeConfig, count_shards: Callable[[], int], folder: Path
) -> Iterator[str]:
    cloud, worker, setup = (options.view_as(group) for group in (GoogleCloudOptions, WorkerOptions, SetupOptions))
    if not worker.machine_type:
        yield f"--machine_type={MACHINE_TYPE}"
    if not worker.disk_size_gb:
        yield f"--disk_size_gb={DISK_GB_PER_WORKER}"
    if not options.view_as(DebugOptions).number_of_worker_harness_threads:
        yield f"--number_of_worker_harness_threads={THREADS_PER_PROCESS}"
    # Dataflow adds workers based on the bytes of its input. Here the input is short names, so it would never add any.
    workers = worker.max_num_workers or max(worker.num_workers or 0, max_workers(count_shards()))
    if not worker.autoscaling_algorithm:
        yield "--autoscaling_algorithm=THROUGHPUT_BASED"
    if not worker.max_num_workers:
        yield f"--max_num_workers={workers}"
    if not worker.num_workers:
        yield f"--num_workers={workers}"
    if not cloud.labels:
        yield f"--labels={LABEL}"
    if not cloud.job_name:
        yield f"--job_name={job_name(config.out_dir, datetime.datetime.now(datetime.UTC))}"
    if setup.sdk_location == "default":
        yield "--sdk_location=container"  # the worker's image already contains Beam
    if not worker.sdk_container_image:
        yield from packages.flags(setup, worker.machine_type or MACHINE_TYPE, config, folder)


def job_name(out_dir: str, now: datetime.datetime) -> str:
    """Return a job name that Dataflow accepts, such as resize-train512-20261122-180000."""
    folder = re.sub(r"[^a-z0-9]+", "-", posixpath.basename(out_dir).lower()).strip("-")[:30].rstrip("-")
    return "-".join(part for part in ("resize", folder, f"{now:%Y%m%d-%H%M%S}") if part)


def job_page(project: str, region: str, job_id: str) -> str:
    """Return the URL of a job's page in the console."""
    return f"https://console.cloud.google.com/dataflow/jobs/{region}/{job_id}?project={project}"
