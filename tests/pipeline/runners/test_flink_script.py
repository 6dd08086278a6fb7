"""run_flink.sh: its messages, the environment variables that it reads, and the flags that it passes on."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "run_flink.sh"


def script(*flags: str, at: Path = SCRIPT, path: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
    names = {"FLINK_MASTER", "IMAGE", "INPUT", "OUTPUT"}
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    environment = {**inherited, **variables, "PATH": f"{path}{os.environ['PATH']}"}
    return subprocess.run([str(at), *flags], env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the script in a project whose Python prints its arguments, and whose make prints its target."""
    copy = tmp_path / "project" / SCRIPT.name
    for file, text in {
        tmp_path / "project" / ".venv" / "bin" / "python": '#!/bin/sh\nprintf "%s\\n" "$@"\n',
        tmp_path / "bin" / "make": '#!/bin/sh\nfor target; do :; done\nprintf "%s\\n" "$target"\n',
    }.items():
        file.parent.mkdir(parents=True)
        file.write_text(text)
        file.chmod(0o755)
    shutil.copy(SCRIPT, copy)
    return copy


def passed(project: Path, *flags: str, **variables: str) -> tuple[str, list[str]]:
    """Return what the script installs, and the arguments with which it starts the command."""
    done = script(*flags, at=project, path=f"{project.parent.parent / 'bin'}:", **variables)
    assert done.returncode == 0, done.stderr
    target, program, *args = done.stdout.splitlines()
    assert program == str(project.parent / "image_resizer.py")
    return target, args


def test_help_has_every_flag_of_the_script() -> None:
    done = script("--help")
    assert (done.returncode, done.stderr) == (0, "")
    flags = set(
        re.findall(r"^    (?:-\S+ \| )*(--[a-z_]+)(?= \||\))", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {"--flink_master", "--local_cluster", "--shared_filesystem", "--image", "--estimate"} <= flags
    for flag in flags - {"--in_dir", "--out_dir"}:
        assert f"  {flag} " in done.stdout


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            "-i a -o b",
            "--flink_master is missing: specify HOST:PORT of the cluster, set FLINK_MASTER, or use",
        ),
        ("--flink_master", "--flink_master needs a value: add one"),
        ("--local-cluster --quiet", "--local_cluster needs a value: add one"),
        (
            "--local_cluster 2 --flink-master=h:1",
            "--local_cluster 2 and --flink_master h:1 contradict each other",
        ),
        ("--local_cluster=2 --image i", "--image 'i' has no effect with --local_cluster, whose workers run on this"),
    ],
)
def test_a_wrong_command_is_refused_with_one_sentence(flags: str, sentence: str) -> None:
    done = script(*flags.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"run_flink.sh: {sentence}")
    assert done.stderr.count("\n") == 1


def test_flags_are_passed_on(project: Path) -> None:
    target, args = passed(project, "--flink-master", "h:8081", "-i", "a b", "-o", "out", "-s", "64")
    assert target == "install-flink"
    assert args == ["--runner", "FlinkRunner", "--flink_master", "h:8081", "-i", "a b", "-o", "out", "-s", "64"]
    _, args = passed(project, "--local-cluster=2", "-i", "in", "-o", "out")
    assert args == ["--runner", "FlinkRunner", "--local_cluster", "2", "-i", "in", "-o", "out"]


def test_the_script_finds_the_project_through_a_link(project: Path) -> None:
    link = project.parent.parent / "my bin" / "resize"
    link.parent.mkdir()
    link.symlink_to(project)
    done = script("--local_cluster", "2", at=link, path=f"{project.parent.parent / 'bin'}:")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == str(project.parent / "image_resizer.py")


def test_environment_variables_replace_flags(project: Path) -> None:
    _, args = passed(project, FLINK_MASTER="h:1", INPUT="in", OUTPUT="out", IMAGE="an-image")
    assert args == [
        *("--runner", "FlinkRunner", "--flink_master", "h:1"),
        *("--environment_type", "DOCKER", "--environment_config", "an-image", "-i", "in", "-o", "out"),
    ]
    _, args = passed(project, "-i", "other", FLINK_MASTER="h:1", INPUT="in")
    assert args == ["--runner", "FlinkRunner", "--flink_master", "h:1", "-i", "other"]


def test_an_estimate_needs_no_cluster(project: Path) -> None:
    target, args = passed(project, "-i", "in", "--shared-filesystem", "--estimate", "5")
    assert (target, args) == (".venv/.installed", ["-i", "in", "--estimate", "5"])
