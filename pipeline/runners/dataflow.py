"""What a job of Dataflow needs besides the graph: checks before anything is written, and settings that suit it.

A setting that the command gives itself is never changed.
"""

from __future__ import annotations

import datetime
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    WorkerOptions,
)

from pipeline.errors import UsageError
from transforms import storage
from transforms.dataset.settings import versions
from transforms.model.config import ResizeConfig

# Four processes with 4 GB each: room for two shards of 4000 outputs beside what is decoded. Its processors
# have AVX2, which older machine types may lack; Dataflow asks the same for a vCPU of any type.
MACHINE_TYPE = "n2-standard-4"
VCPUS_PER_WORKER = 4
MEMORY_GB_PER_WORKER = 16
# The container's layers and nothing else: images never touch the disk, and Dataflow shuffles elsewhere.
DISK_GB_PER_WORKER = 30
# A process is given a shard at a time; its pool of threads works on two images, and on the next shard ahead.
THREADS_PER_PROCESS = 1
# With fewer shards a process, many would be idle while the last ones work.
SHARDS_PER_PROCESS = 4
# By --estimate's formula 400 vCPUs do nine million photographs of 1024 px in 22 minutes; new quotas are below that.
MOST_WORKERS = 100

LABEL = "application=downsampled-open-images"

_PROJECT = re.compile(r"[a-z][-a-z0-9:.]+[a-z0-9]")
_REGION = re.compile(r"[a-z]+-[a-z]+[0-9]+")
_LOCATION = re.compile(r"gs://[a-z0-9][-_a-z0-9.]+[a-z0-9]/.*", re.DOTALL)


def most_workers(shards: int) -> int:
    """How many workers so many shards can keep busy: at least four shards for each of their processes."""
    return min(MOST_WORKERS, max(1, shards // (SHARDS_PER_PROCESS * VCPUS_PER_WORKER)))


def check(beam_args: Sequence[str], config: ResizeConfig) -> None:
    """Refuses what Dataflow would refuse, or what Beam would replace without a word, before anything is written.

    Raises:
        UsageError: with the flag, its value and what is allowed.
    """
    given = PipelineOptions(list(beam_args))
    cloud, worker = given.view_as(GoogleCloudOptions), given.view_as(WorkerOptions)
    for flag, value, allowed, meaning in (
        ("project", cloud.project, _PROJECT, "the id of a project, such as my-project-1 (its number or title is none)"),
        ("region", cloud.region, _REGION, "the region of the input's bucket, such as us-central1"),
    ):
        if not value:
            raise UsageError(f"--{flag} is missing: give {meaning}")
        if not allowed.fullmatch(value):
            raise UsageError(f"--{flag} {value!r} is none: give {meaning}")
    for flag, value in (("temp_location", cloud.temp_location), ("staging_location", cloud.staging_location)):
        if value is not None and not _LOCATION.fullmatch(value):
            raise UsageError(f"--{flag} {value!r} is no place of a store: give one such as gs://my-bucket/tmp")
    for place in (*(split.root for split in config.splits), config.out_dir, *config.tables.values()):
        if not place.startswith("gs://"):
            raise UsageError(f"workers in the cloud cannot reach {place!r}: give a place such as gs://bucket/folder")
    if worker.use_public_ips is False and not worker.sdk_container_image:
        raise UsageError(
            "--no_use_public_ips leaves workers without a way to what they would install: give an image that has it "
            "all with --sdk_container_image (run_dataflow.sh --image)"
        )


def distances(beam_args: Sequence[str], config: ResizeConfig) -> Iterator[str]:
    """A sentence for each bucket that lies in another region than the workers."""
    region = PipelineOptions(list(beam_args)).view_as(GoogleCloudOptions).region
    for place in (*(split.root for split in config.splits), config.out_dir):
        there = storage.region_of(place)
        if there and _REGION.fullmatch(there) and there != region:
            yield f"{place!r} lies in {there}, and workers in {region} would pay for every byte that crosses"


def complete(beam_args: Sequence[str], config: ResizeConfig, shards: int, folder: Path) -> list[str]:
    """The flags that were given, and for the rest those that suit this work.

    Args:
        beam_args: what was given.
        config: the dataset.
        shards: how many shards it has.
        folder: a temporary one, for a file that Beam reads while it submits.
    """
    return [*beam_args, *_missing(PipelineOptions(list(beam_args)), config, shards, folder)]


def _missing(given: PipelineOptions, config: ResizeConfig, shards: int, folder: Path) -> Iterator[str]:
    cloud, worker, setup = (given.view_as(group) for group in (GoogleCloudOptions, WorkerOptions, SetupOptions))
    if not worker.machine_type:
        yield f"--machine_type={MACHINE_TYPE}"
    if not worker.disk_size_gb:
        yield f"--disk_size_gb={DISK_GB_PER_WORKER}"
    if not given.view_as(DebugOptions).number_of_worker_harness_threads:
        yield f"--number_of_worker_harness_threads={THREADS_PER_PROCESS}"
    # Dataflow adds workers by bytes of input, and what it sees of ours are short names: it would never add any.
    most = worker.max_num_workers or most_workers(shards)
    if not worker.autoscaling_algorithm:
        yield "--autoscaling_algorithm=THROUGHPUT_BASED"
    if not worker.max_num_workers:
        yield f"--max_num_workers={most}"
    if not worker.num_workers:
        yield f"--num_workers={most}"
    if not cloud.labels:
        yield f"--labels={LABEL}"
    if not cloud.job_name:
        yield f"--job_name={job_name(config.out_dir, datetime.datetime.now(datetime.UTC))}"
    if setup.sdk_location == "default":
        yield "--sdk_location=container"  # the worker's image has Beam already
    if not worker.sdk_container_image:
        yield from _packages(setup, config, folder)


def _packages(setup: SetupOptions, config: ResizeConfig, folder: Path) -> Iterator[str]:
    """This project as a package, and the exact versions of what decides an output's bytes."""
    if not setup.setup_file:
        setup_file = Path(__file__).resolve().parent.parent.parent / "setup.py"
        if not setup_file.is_file():
            raise UsageError(
                "there is no setup.py to package for the workers: start from a checkout of the project, or give an "
                "image that holds it with --sdk_container_image"
            )
        yield f"--setup_file={setup_file}"
    if not setup.requirements_file:
        path = folder / "requirements.txt"
        path.write_text(requirements(versions(config)), encoding="utf-8")
        yield f"--requirements_file={path}"


def requirements(versions: dict[str, str]) -> str:
    """The packages among `versions`, each at its version, as a file for pip."""
    packages = ("pillow", "cykooz-resizer", "simplejpeg", "pyarrow")
    return "".join(f"{name}=={versions[name]}\n" for name in packages if name in versions)


def job_name(out_dir: str, now: datetime.datetime) -> str:
    """Such as resize-train512-20261122-180000: what Dataflow takes as a job's name."""
    folder = re.sub(r"[^a-z0-9]+", "-", posixpath.basename(out_dir).lower()).strip("-")[:30].rstrip("-")
    return "-".join(part for part in ("resize", folder, f"{now:%Y%m%d-%H%M%S}") if part)


def job_page(project: str, region: str, job_id: str) -> str:
    """Where a job can be watched."""
    return f"https://console.cloud.google.com/dataflow/jobs/{region}/{job_id}?project={project}"
