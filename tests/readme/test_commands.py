"""README's commands run unchanged, one after the other, in a fresh clone with an environment of its own."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.readme.commands import checkable, commands, obstacle
from tests.support import ROOT

COMMANDS = commands((ROOT / "README.md").read_text(encoding="utf-8"))

# No other variables of this environment are passed to the commands: neither make's nor this Python's.
INHERITED = re.compile(r"PATH|HOME|USER|LANG|LC_\w+|TMPDIR|PYENV_\w+|PIP_\w+|\w+_(?:PROXY|proxy)|SSL_\w+|REQUESTS_\w+")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone of the last commit."""
    folder = tmp_path_factory.mktemp("fresh") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def run(command: str, folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if INHERITED.fullmatch(name)}
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_readme_runs(clone: Path, command: str) -> None:
    if reason := obstacle(command):
        if check := checkable(command):
            run(check, clone)
        pytest.skip(f"{command}: {reason}{', so only --help ran' if check else ''}")
    run(command, clone)


def test_the_first_command_is_the_one_that_installs() -> None:
    assert COMMANDS[0] == "make resize"
    assert sum(obstacle(command) is None for command in COMMANDS) >= 5


def test_each_command_that_ran_has_made_its_dataset(clone: Path) -> None:
    made = {out for command in COMMANDS if not obstacle(command) for out in re.findall(r"(?:-o |OUT=)(\S+)", command)}
    assert len(made) >= 4
    assert [out for out in sorted(made) if not (clone / out / "README.md").exists()] == []
