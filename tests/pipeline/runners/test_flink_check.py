"""Tests of `pipeline.runners.flink.checks` and of the flags of a job on Flink. They need no Java."""

import json
from pathlib import Path

import pytest

from pipeline.cli.options import Options, parse
from pipeline.errors import UsageError
from pipeline.runners.flink import arguments, parts
from pipeline.runners.flink.checks import check
from pipeline.runners.flink.cluster import configuration
from pipeline.runners.flink.rest import TaskManager
from tests.pipeline.runners.flink_rest import answers, flink
from tests.support import jpeg, write_tree


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (9, 9))})


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install stand-ins for the Java parts, and return the folder of programs."""
    programs = write_tree(tmp_path / "bin", {"image_resizer_worker": b"", "python": b""})
    java(programs, 'openjdk version "17.0.15" 2025-04-15')
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("sys.executable", str(programs / "python"))
    jars = {"jobserver/beam-runners-flink-1.19-2.62.0.jar": b"", "pyflink/lib/flink-dist-1.19.3.jar": b""}
    folder = write_tree(tmp_path / "jars", jars)
    monkeypatch.setattr(parts, "JOB_SERVER", folder / "jobserver")
    monkeypatch.setattr(parts, "_flink_folder", lambda: folder / "pyflink" / "lib")
    return programs


def java(folder: Path, says: str) -> None:
    (folder / "java").write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    (folder / "java").chmod(0o755)


def options(source: Path, *flags: str, runner: str = "FlinkRunner") -> Options:
    return parse(["-i", str(source), "-o", f"{source}-out", "--runner", runner, *flags])


def refusal(wrong: Options) -> str:
    with pytest.raises(UsageError) as caught:
        check(wrong)
    return str(caught.value)


@pytest.mark.usefixtures("installed")
def test_a_local_cluster_alone_is_a_run_on_flink(source: Path) -> None:
    parsed = parse(["-i", str(source), "-o", "out", "--local-cluster", "3"])
    assert (parsed.runner, parsed.local_cluster, parsed.on_flink) == ("FlinkRunner", 3, True)
    assert parsed.config.process_per_core
    check(parsed)


@pytest.mark.usefixtures("installed")
def test_a_cluster_on_this_machine_is_accepted(source: Path) -> None:
    with flink(answers()) as (master, _):
        check(options(source, "--flink_master", master))
        check(options(source, "--flink_master", f"http://{master}/", runner="flink"))


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            "",
            "--runner FlinkRunner needs a cluster: pass its address with --flink_master HOST:PORT, or start one on "
            "this machine",
        ),
        (
            "--flink_master=[local]",
            r"--flink_master [local] does not name a cluster: use --local_cluster N to start one",
        ),
        (
            "--flink_master localhost",
            "--flink_master 'localhost' is not HOST:PORT: use the address of Flink's web page",
        ),
        ("--flink_master https://h:1", "--flink_master 'https://h:1' is not HOST:PORT: use the address of Flink's"),
        (
            "--local_cluster 2 --flink_master h:1",
            "--local_cluster 2 and --flink_master contradict each other: use only one",
        ),
        ("--local_cluster 2 --job_endpoint h:1", "--local_cluster 2 starts its own job server: leave out --job_e"),
        ("--local_cluster 2 --flink_submit_uber_jar", "--flink_submit_uber_jar has no effect because a job server"),
        (
            "--local_cluster 2 --flink_job_server_jar x.jar",
            "--flink_job_server_jar 'x.jar' is not a file: use the path",
        ),
        (
            "--flink_master 127.0.0.1:1",
            "--flink_master 127.0.0.1:1: Flink at http://127.0.0.1:1 does not answer: Conne",
        ),
        (
            "--flink_master h:1 --job_endpoint 127.0.0.1:1",
            "--job_endpoint '127.0.0.1:1': no Beam job server answers",
        ),
    ],
)
@pytest.mark.usefixtures("installed")
def test_a_wrong_command_is_refused(source: Path, flags: str, sentence: str) -> None:
    assert refusal(options(source, *flags.split())).startswith(sentence)
    assert not Path(f"{source}-out").exists()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            "--local_cluster 2 --runner DirectRunner",
            "--local_cluster 2 starts a Flink cluster, but --runner DirectRunn",
        ),
        (
            "--local_cluster 2 --runner PortableRunner",
            "--local_cluster 2 starts a Flink cluster, but --runner Portable",
        ),
        ("--local_cluster 0", "--local_cluster '0' is out of range"),
        ("--shared_filesystem", "--shared_filesystem has no effect without --runner FlinkRunner: leave it out"),
    ],
)
def test_flags_without_the_runner_are_refused_at_once(source: Path, flags: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(["-i", str(source), "-o", "out", *flags.split()])
    assert str(caught.value).startswith(sentence)


def test_missing_parts_are_named(source: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = options(source, "--local_cluster", "2")
    (installed / "image_resizer_worker").unlink()
    assert refusal(here).endswith("which starts Beam's workers, is missing: run make install-flink")
    monkeypatch.setattr(parts, "_flink_folder", lambda: None)
    assert refusal(here) == "--local_cluster needs the package apache-flink-libraries 1.19: run make install-flink"
    monkeypatch.setattr(parts, "JOB_SERVER", installed / "nothing")
    assert refusal(here).startswith("Beam's job server for Flink is not in ")
    java(installed, 'java version "1.8.0_392"')
    assert refusal(here).endswith("is Java 8: install a later version, or set JAVA_HOME")
    (installed / "java").unlink()
    assert refusal(here) == "Flink needs Java 11 or later, but 'java' was not found: run make install-flink"


@pytest.mark.usefixtures("installed")
def test_a_cluster_that_does_not_fit_is_refused(source: Path) -> None:
    with flink(answers(version="1.20.1")) as (master, _):
        assert refusal(options(source, "--flink_master", master)).startswith(
            f"--flink_master {master} is Flink 1.20.1, but the job server here is for 1.19: use a cluster"
        )
    with flink(answers(slots=0, free=0)) as (master, _):
        assert refusal(options(source, "--flink_master", master)).startswith(
            f"--flink_master {master} has no task slots: start TaskManagers, or use --parallelism N"
        )
        check(options(source, "--flink_master", master, "--parallelism", "4"))


@pytest.mark.usefixtures("installed")
def test_local_paths_need_a_shared_filesystem_on_other_hosts(source: Path) -> None:
    with flink(answers(host="192.0.2.7")) as (master, _):
        there = options(source, "--flink_master", master)
        assert refusal(there).startswith(
            f"a TaskManager of --flink_master {master} is on 192.0.2.7, which may not have {there.config.out_dir!r}"
        )
        check(options(source, "--flink_master", master, "--shared_filesystem"))
        check(parse(["-i", "gs://b/in", "-o", "gs://b/out", "--runner", "FlinkRunner", "--flink_master", master]))


def completed(*flags: str, slots: int = 1, own: bool = True) -> dict[str, str]:
    managers = [TaskManager("a", "h", slots), TaskManager("b", "h", 1)]
    args = arguments.complete(arguments.given(flags), "h:1", "/v/bin/worker", "resize-a", 3, managers, own)
    return dict(arg.removeprefix("--").split("=", 1) for arg in args)


def test_a_job_gets_what_the_user_left_out() -> None:
    flags = completed()
    assert json.loads(flags.pop("environment_config")) == {"command": "/v/bin/worker"}
    assert flags == {
        "job_endpoint": "h:1",
        "environment_type": "PROCESS",
        "parallelism": "3",
        "environment_cache_millis": "2000",
        "job_name": "resize-a",
    }
    assert completed(slots=4)["sdk_worker_parallelism"] == "4"
    assert "environment_cache_millis" not in completed(own=False)


@pytest.mark.parametrize(
    "flag",
    [
        "--job_endpoint=h:2",
        "--parallelism=7",
        "--environment_cache_millis=0",
        "--sdk_worker_parallelism=1",
        "--job_name=mine",
    ],
)
def test_a_flag_that_the_user_gives_is_not_changed(flag: str) -> None:
    assert flag.removeprefix("--").partition("=")[0] not in completed(flag, slots=4)


def test_an_environment_of_the_user_is_not_changed() -> None:
    assert arguments.given(["--environment_type", "DOCKER"]).has_environment
    assert arguments.given(["--environment_options", "docker_container_image=i"]).has_environment
    assert not arguments.given([]).has_environment


def test_a_restart_comes_later_than_a_worker_is_kept() -> None:
    """Beam also keeps a worker that was killed: an earlier restart would use it."""
    (delay,) = (line for line in configuration(1, 2, 3, "/t", 2).splitlines() if "fixed-delay.delay" in line)
    assert delay == "restart-strategy.fixed-delay.delay: 5 s"
    assert arguments.WORKER_IDLE_MS < 5000
