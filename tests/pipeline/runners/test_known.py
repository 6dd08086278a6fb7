"""Which names of runners are accepted, and the message for an unknown one."""

import pytest
from apache_beam.options.pipeline_options import StandardOptions

from pipeline.errors import UsageError
from pipeline.runners.known import check_runner

LOCALLY = "leave it out to run on this machine, or use DataflowRunner"


@pytest.mark.parametrize(
    "name",
    [
        *StandardOptions.KNOWN_RUNNER_NAMES,
        *("dataflow", "Flink", "DATAFLOWRUNNER", "apache_beam.runners.direct.direct_runner.SwitchingDirectRunner"),
    ],
)
def test_a_runner_that_beam_knows_is_accepted(name: str) -> None:
    check_runner(name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("NoSuchRunner", LOCALLY),
        ("", LOCALLY),
        ("Dataflw", "did you mean DataflowRunner?"),
        ("FlinkRuner", "did you mean FlinkRunner?"),
        ("no.such.Runner", LOCALLY),
        ("tests.support.NoSuchRunner", LOCALLY),
    ],
)
def test_another_is_refused(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_runner(name)
    assert str(caught.value) == f"--runner {name!r} is not an Apache Beam runner: {hint}"
