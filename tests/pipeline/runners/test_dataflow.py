"""The flags of a Dataflow job, and the flags that are refused before anything is written."""

import datetime
import re
from pathlib import Path

import pytest

from pipeline.cli.options import parse
from pipeline.errors import UsageError
from pipeline.runners import dataflow

LINE = "-i gs://b/train -o gs://mine/x_1 --runner DataflowRunner --project my-project --region us-central1"
JOB = LINE.split()


def check(*flags: str) -> list[str]:
    """Check the flags of a job, and return the flags that are passed to the runner."""
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
            "--project '123456' is not a project id: use the id of a project, such as my-project-1, not its number or "
            "title",
        ),
        ("--project My", "--project 'My' is not a project id: use the id of a project"),
        (
            "--region us-central1-a",
            "--region 'us-central1-a' is not a region: use the region of the input's bucket, such as us-central1",
        ),
        (
            "--region Nowhere",
            "--region 'Nowhere' is not a region: use the region of the input's bucket, such as us-central1",
        ),
        (
            "--temp_location tmp",
            "--temp_location 'tmp' is not a Cloud Storage path: use one such as gs://my-bucket/tmp",
        ),
        ("--temp_location b/tmp", "--temp_location 'b/tmp' is not a Cloud Storage path: use one such as"),
        ("--temp_location gs://B/tmp", "--temp_location 'gs://B/tmp' is not a Cloud Storage path: use one such as"),
        ("--staging_location gs://b", "--staging_location 'gs://b' is not a Cloud Storage path: use one such as"),
        ("--no_use_public_ips", "--no_use_public_ips keeps workers from installing packages: pass an image"),
        *(
            (flag, "workers on Dataflow cannot reach '/data/x': use a path such as gs://bucket/folder")
            for flag in ("-o /data/x", "--columns /data/x", "--attribution /data/x", "--boxes /data/x")
        ),
        ("--image_list gs://b/1.csv --image_labels /data/x", "workers on Dataflow cannot reach '/data/x': use a path"),
        ("--num_workers 0", "--num_workers 0 is out of range: use a whole number of 1 or more"),
        ("--max_num_workers -3", "--max_num_workers -3 is out of range: use a whole number of 1 or more"),
        ("--num_workers 9 --max_num_workers 5", "--num_workers 9 is more than --max_num_workers 5: use at most 5"),
        *(
            (f"{flag} no/file", f"{flag} 'no/file' is not a file: use the path of a file on this machine")
            for flag in ("--requirements_file", "--setup_file", "--extra_package")
        ),
        ("--no_auth", "--no_auth cannot be used with --runner DataflowRunner: a job needs an account; leave it out"),
        ("--job_name My_job", "--job_name 'My_job' is not a job name: use lowercase letters, digits and hyphens"),
    ],
)
def test_a_wrong_flag_is_refused_with_one_sentence(flags: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(*flags.split())
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("flag", ["--project", "--region"])
def test_a_missing_flag_is_refused(flag: str) -> None:
    index = JOB.index(flag)
    options = parse(JOB[:index] + JOB[index + 2 :])
    with pytest.raises(UsageError, match=f"^{flag} is missing: specify the "):
        dataflow.check(options.beam_args, options.config)


def defaults(tmp_path: Path, *flags: str, shards: int = 2250) -> list[str]:
    """Return the flags that are added to the user's flags."""
    options = parse([*JOB, *flags])
    given = list(options.beam_args)
    completed = dataflow.complete(given, options.config, lambda: shards, tmp_path)
    assert completed[: len(given)] == given
    return [re.sub(r"\d{8}-\d{6}$", "TIME", flag) for flag in completed[len(given) :]]


def test_defaults_are_added(tmp_path: Path) -> None:
    assert defaults(tmp_path, "--sdk_container_image", "image") == [
        "--machine_type=n2-standard-4",
        "--disk_size_gb=30",
        "--number_of_worker_harness_threads=1",
        "--autoscaling_algorithm=THROUGHPUT_BASED",
        "--max_num_workers=100",
        "--num_workers=100",
        "--labels=application=downsampled-open-images",
        "--job_name=resize-x-1-TIME",
        "--sdk_location=container",
    ]
    assert list(tmp_path.iterdir()) == []  # the image contains all packages


def test_a_given_flag_is_not_changed(tmp_path: Path) -> None:
    given = (
        "--machine_type n1-standard-8 --disk_size_gb 99 --number_of_worker_harness_threads 3 --max_num_workers 7 "
        "--autoscaling_algorithm NONE --labels a=b --job_name mine --sdk_location default --sdk_container_image image"
    )
    assert defaults(tmp_path, *given.split()) == ["--num_workers=7", "--sdk_location=container"]
    assert list(tmp_path.iterdir()) == []


def test_the_input_is_not_listed_if_the_number_of_workers_is_limited(tmp_path: Path) -> None:
    options = parse([*JOB, "--max_num_workers", "7", "--sdk_container_image", "image"])
    assert "--num_workers=7" in dataflow.complete(options.beam_args, options.config, pytest.fail, tmp_path)


def test_more_first_workers_than_shards_raise_the_limit(tmp_path: Path) -> None:
    """The service refuses a job whose --num_workers exceeds its --max_num_workers."""
    flags = defaults(tmp_path, "--num_workers", "50", "--sdk_container_image", "image", shards=1)
    assert [flag for flag in flags if "workers" in flag] == ["--max_num_workers=50"]
    flags = defaults(tmp_path, "--num_workers", "50", "--sdk_container_image", "image")
    assert [flag for flag in flags if "workers" in flag] == ["--max_num_workers=100"]


@pytest.mark.parametrize(("shards", "workers"), [(0, 1), (31, 1), (32, 2), (1599, 99), (99_999, 100)])
def test_each_process_has_at_least_four_shards(tmp_path: Path, shards: int, workers: int) -> None:
    assert dataflow.max_workers(shards) == workers
    assert f"--num_workers={workers}" in defaults(tmp_path, "--sdk_container_image", "image", shards=shards)


@pytest.mark.parametrize(
    ("out_dir", "name"),
    [
        ("gs://mine/train512", "resize-train512-20261122-180509"),
        ("gs://mine/A_b.c/", "resize-20261122-180509"),
        ("gs://mine/Ä", "resize-20261122-180509"),
        (f"gs://mine/{'long_' * 20}", "resize-long-long-long-long-long-long-20261122-180509"),
    ],
)
def test_a_job_name_matches_the_pattern_of_beam(out_dir: str, name: str) -> None:
    job_name = dataflow.job_name(out_dir, datetime.datetime(2026, 11, 22, 18, 5, 9))
    assert job_name == name
    assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", job_name)
