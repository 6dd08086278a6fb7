"""A run on any other runner of Beam's."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineState

from pipeline.graph import build
from pipeline.options import Options
from transforms.errors import RunError, recover


def run_elsewhere(options: Options, run_id: str) -> None:
    """Makes the dataset on `options.runner`, and waits for it.

    Raises:
        RunError: the job did not succeed.
    """
    try:
        pipeline = beam.Pipeline(runner=options.runner, options=PipelineOptions(list(options.beam_args)))
        build(pipeline, options.config, run_id)
        state = pipeline.run().wait_until_finish()
    except ValueError as error:  # what Beam says of options that a runner cannot take
        raise RunError(f"--runner {options.runner}: {error}") from error
    except RuntimeError as error:
        raise recover(error) or RunError(f"--runner {options.runner}: {error}") from error
    if state != PipelineState.DONE:
        raise RunError(f"--runner {options.runner}: the job ended as {state}; give the same command again to go on")
