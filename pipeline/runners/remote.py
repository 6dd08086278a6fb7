"""A run on any other runner of Beam's."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.runners.runner import PipelineState
from loguru import logger

from pipeline.cli.options import Options
from pipeline.exclusive.lease import Lease
from pipeline.graph import build
from pipeline.runners import dataflow
from transforms.dataset.plan import Plan
from transforms.listing.match import count_images
from transforms.model.errors import RunError, recover_run_error
from transforms.sharding.group import planned_shards

_CONTINUE = "give the same command again to continue"


def run_remotely(options: Options, run_id: str, plan: Plan | None, lease: Lease | None) -> bool:
    """Make the dataset on `options.runner`.

    Args:
        options: the command. Its `wait` says whether to wait for a Dataflow job. This function always waits for
            other runners, which may live in this process.
        run_id: the id of this run.
        plan: the plan of the dataset that the run continues.
        lease: the lease of OUT, which a job takes over.

    Returns:
        Whether the dataset is complete; if not, the job is still running or was not submitted.

    Raises:
        RunError: the job failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        args = options.beam_args
        if options.on_dataflow:
            args = tuple(dataflow.complete(args, options.config, _shard_count(options, plan), Path(folder)))
        result = _submit(options, run_id, args)
    if options.on_dataflow and not (_announce(result, args, lease) and options.wait):
        return False
    return _wait(options, result)


def _shard_count(options: Options, plan: Plan | None) -> int:
    return sum(plan.shards.values()) if plan else planned_shards(count_images(options.config), options.config)


def _submit(options: Options, run_id: str, args: Sequence[str]) -> Any:
    try:
        pipeline = beam.Pipeline(runner=options.runner, options=PipelineOptions(list(args)))
    except ValueError as error:  # options that the runner does not accept
        raise RunError(f"--runner {options.runner}: {error}") from error
    build(pipeline, options.config, run_id)
    try:
        return pipeline.run()
    # Every Exception: the clients of the service and of the store raise many types, none of them ours.
    except Exception as error:
        raise recover_run_error(error) or RunError(
            f"--runner {options.runner}: {type(error).__name__}: {error}"
        ) from error


def _announce(result: Any, args: Sequence[str], lease: Lease | None) -> bool:
    """Log the job's page, and return whether there is a job: --dry_run and templates submit none."""
    if not getattr(result, "has_job", False):
        logger.info("the job is valid; it was not submitted")
        return False
    cloud = PipelineOptions(list(args)).view_as(GoogleCloudOptions)
    page = dataflow.job_page(cloud.project, cloud.region, result.job_id())
    if lease:
        lease.pass_to_job(result.job_id(), page)
    logger.info("job {}: {}", result.job_id(), page)
    return True


def _wait(options: Options, result: Any) -> bool:
    try:
        state = result.wait_until_finish()
    # Every Exception: Beam's error for a job that failed on Dataflow is not a RuntimeError.
    except Exception as error:
        raise recover_run_error(error) or RunError(f"--runner {options.runner}: {error}; {_CONTINUE}") from error
    if state != PipelineState.DONE:
        raise RunError(f"--runner {options.runner}: the job ended as {state}; {_CONTINUE}")
    return True
