"""What a job of Dataflow is given, and what is refused before anything is written."""

import datetime
import json
import re
from pathlib import Path

import pytest
from PIL import features

from pipeline.cli.flags import parser
from pipeline.cli.options import parse
from pipeline.errors import UsageError
from pipeline.runners import dataflow
from tests.support import ROOT

LINE = "-i gs://b/train -o gs://mine/x_1 --runner DataflowRunner --project my-project --region us-central1"
JOB = LINE.split()


def check(*flags: str) -> list[str]:
    """Check the flags of a job, and return those that the runner gets."""
    options = parse([*JOB, *flags])
    dataflow.check(options.beam_args, options.config)
    return list(options.beam_args)


@pytest.mark.parametrize("flags", ["", "--temp_location gs://mine/tmp --no_use_public_ips --sdk_container_image image"])
def test_complete_flags_are_accepted_and_passed_on(flags: str) -> None:
    assert check(*flags.split()) == ["--project", "my-project", "--region", "us-central1", *flags.split()]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            "--project 123456",
            "--project '123456' is none: give the id of a project, such as my-project-1 (its number or title is none)",
        ),
        ("--project My", "--project 'My' is none: give the id of a project"),
        (
            "--region us-central1-a",
            "--region 'us-central1-a' is none: give the region of the input's bucket, such as us-central1",
        ),
        ("--region Nowhere", "--region 'Nowhere' is none: give the region of the input's bucket, such as us-central1"),
        ("--temp_location tmp", "--temp_location 'tmp' is no place of a store: give one such as gs://my-bucket/tmp"),
        ("--temp_location b/tmp", "--temp_location 'b/tmp' is no place of a store: give one such as"),
        ("--temp_location gs://B/tmp", "--temp_location 'gs://B/tmp' is no place of a store: give one such as"),
        ("--staging_location gs://b", "--staging_location 'gs://b' is no place of a store: give one such as"),
        ("--no_use_public_ips", "--no_use_public_ips leaves workers without a way to what they would install"),
        ("-o /data/x", "workers in the cloud cannot reach '/data/x': give a place such as gs://bucket/folder"),
    ],
)
def test_what_is_refused(flags: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(*flags.split())
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("flag", ["--project", "--region"])
def test_what_is_missing(flag: str) -> None:
    place = JOB.index(flag)
    options = parse(JOB[:place] + JOB[place + 2 :])
    with pytest.raises(UsageError, match=f"^{flag} is missing: give the "):
        dataflow.check(options.beam_args, options.config)


def completed(tmp_path: Path, *flags: str, shards: int = 2250) -> list[str]:
    options = parse([*JOB, *flags])
    given = list(options.beam_args)
    flags_now = dataflow.complete(given, options.config, shards, tmp_path)
    assert flags_now[: len(given)] == given
    return [re.sub(r"\d{8}-\d{6}$", "TIME", flag) for flag in flags_now[len(given) :]]


def test_settings_that_suit_the_work(tmp_path: Path) -> None:
    assert completed(tmp_path, "--resampler", "simd") == [
        "--machine_type=n2-standard-4",
        "--disk_size_gb=30",
        "--number_of_worker_harness_threads=1",
        "--autoscaling_algorithm=THROUGHPUT_BASED",
        "--max_num_workers=100",
        "--num_workers=100",
        "--labels=application=downsampled-open-images",
        "--job_name=resize-x-1-TIME",
        "--sdk_location=container",
        f"--setup_file={ROOT / 'setup.py'}",
        f"--requirements_file={tmp_path / 'requirements.txt'}",
    ]
    pinned = (tmp_path / "requirements.txt").read_text().splitlines()
    assert pinned[0] == f"pillow=={features.version('pil')}"
    assert [line.partition("==")[0] for line in pinned] == ["pillow", "cykooz-resizer"]


def test_what_is_given_stays(tmp_path: Path) -> None:
    given = (
        "--machine_type n1-standard-8 --disk_size_gb 99 --number_of_worker_harness_threads 3 --max_num_workers 7 "
        "--autoscaling_algorithm NONE --labels a=b --job_name mine --sdk_location default --sdk_container_image image"
    )
    assert completed(tmp_path, *given.split()) == ["--num_workers=7", "--sdk_location=container"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("shards", "workers"), [(0, 1), (31, 1), (32, 2), (1599, 99), (99_999, 100)])
def test_workers_have_enough_to_do(tmp_path: Path, shards: int, workers: int) -> None:
    assert dataflow.most_workers(shards) == workers
    assert f"--num_workers={workers}" in completed(tmp_path, shards=shards)


@pytest.mark.parametrize(
    ("out_dir", "name"),
    [
        ("gs://mine/train512", "resize-train512-20261122-180509"),
        ("gs://mine/A_b.c/", "resize-20261122-180509"),
        ("gs://mine/Ä", "resize-20261122-180509"),
        (f"gs://mine/{'long_' * 20}", "resize-long-long-long-long-long-long-20261122-180509"),
    ],
)
def test_job_names_are_of_beams_pattern(out_dir: str, name: str) -> None:
    made = dataflow.job_name(out_dir, datetime.datetime(2026, 11, 22, 18, 5, 9))
    assert made == name
    assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", made)


def test_the_templates_parameters_are_our_flags() -> None:
    template = json.loads((ROOT / "flex_template.json").read_text(encoding="utf-8"))
    ours = {flag for action in parser()._actions for flag in action.option_strings}
    for parameter in template["parameters"]:
        assert f"--{parameter['name']}" in {*ours, "--sdk_container_image"}
        assert {"name", "label", "helpText"} <= parameter.keys()
        for expression in parameter.get("regexes", ()):
            re.compile(expression)
    values = ["--in_dir=gs://b/train", "--out_dir=gs://mine/x", "--size=512,256", "--max_failures=1%"]
    assert parse([*values, "--runner=DataflowRunner"]).config.spec.sizes == (512, 256)
