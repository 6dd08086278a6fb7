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
from transforms.sharding.group import plan_shards

_GO_ON = "give the same command again to go on"


def run_elsewhere(options: Options, run_id: str, plan: Plan | None, lease: Lease | None) -> bool:
    """Makes the dataset on `options.runner`.

    Args:
        options: the command; its `wait` tells whether to wait for a job of Dataflow. Other runners are
            waited for, since they may live in this process.
        run_id: of this run.
        plan: of the dataset that is continued.
        lease: of OUT, for the job.

    Returns:
        Whether the dataset is complete; else the job is on its way.

    Raises:
        RunError: the job did not succeed.
    """
    with tempfile.TemporaryDirectory() as folder:
        args = options.beam_args
        if options.on_dataflow:
            args = tuple(dataflow.complete(args, options.config, _shards(options, plan), Path(folder)))
        result = _submit(options, run_id, args)
    if options.on_dataflow and not (_announce(result, args, lease) and options.wait):
        return False
    return _wait(options, result)


def _shards(options: Options, plan: Plan | None) -> int:
    return sum((plan or plan_shards(count_images(options.config), options.config)).shards.values())


def _submit(options: Options, run_id: str, args: Sequence[str]) -> Any:
    try:
        pipeline = beam.Pipeline(runner=options.runner, options=PipelineOptions(list(args)))
    except ValueError as error:  # what Beam says of options that a runner cannot take
        raise RunError(f"--runner {options.runner}: {error}") from error
    build(pipeline, options.config, run_id)
    try:
        return pipeline.run()
    # Every Exception: the clients of the service and of the store have many, and none is ours.
    except Exception as error:
        raise recover_run_error(error) or RunError(
            f"--runner {options.runner}: {type(error).__name__}: {error}"
        ) from error


def _announce(result: Any, args: Sequence[str], lease: Lease | None) -> bool:
    """Says where the job is to be watched; False where none was begun, as by --dry_run or for a template."""
    if not getattr(result, "has_job", False):
        logger.info("no job was begun: what it would be is valid")
        return False
    cloud = PipelineOptions(list(args)).view_as(GoogleCloudOptions)
    page = dataflow.job_page(cloud.project, cloud.region, result.job_id())
    if lease:
        lease.job(result.job_id(), page)
    logger.info("job {}: {}", result.job_id(), page)
    return True


def _wait(options: Options, result: Any) -> bool:
    try:
        state = result.wait_until_finish()
    # Every Exception: what Beam raises of a job that failed on Dataflow is no RuntimeError.
    except Exception as error:
        raise recover_run_error(error) or RunError(f"--runner {options.runner}: {error}; {_GO_ON}") from error
    if state != PipelineState.DONE:
        raise RunError(f"--runner {options.runner}: the job ended as {state}; {_GO_ON}")
    return True
