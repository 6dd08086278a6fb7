"""The Dockerfile: everything that can be checked without a container engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

STAGES = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def instructions(stage: str, name: str) -> list[str]:
    """Return the arguments of each instruction with this name."""
    return re.findall(rf"^{name} (.*)$", stage, re.MULTILINE)


@pytest.mark.slow
def test_the_first_stage_compiles_a_wheel_that_the_second_installs(tmp_path: Path) -> None:
    (compiler,) = (stage for stage in STAGES if " AS compiler\n" in stage)
    project, wheels = tmp_path / "project", tmp_path / "wheels"
    project.mkdir()
    for *sources, target in map(str.split, instructions(compiler, "COPY")):
        for source in sources:
            into = project / target / (source if (ROOT / source).is_file() else "")
            copy = shutil.copy2 if (ROOT / source).is_file() else shutil.copytree
            copy(ROOT / source, into)
    for path in project.rglob("*.so"):
        path.unlink()
    (command,) = instructions(compiler, "RUN")
    search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = ["bash", "-euo", "pipefail", "-c", command.replace("/wheels", str(wheels))]
    subprocess.run(shell, cwd=project, env={**os.environ, "PATH": search}, check=True, capture_output=True)
    (wheel,) = wheels.glob("downsampled_open_images-*.whl")

    (install,) = instructions(STAGES[-1], "RUN")
    (package,) = re.findall(r'"(\$\(echo /wheels/\*\.whl\)\[\$\{EXTRAS\}\])"', install)
    assert "EXTRAS=check" in instructions(STAGES[-1], "ARG")[-1]
    echo = f'EXTRAS=check; echo "{package}"'.replace("/wheels", str(wheels))
    named = subprocess.run(["bash", "-c", echo], capture_output=True)
    assert named.stdout.decode() == f"{wheel}[check]\n"


def test_the_image_holds_no_source_that_workers_could_load_instead_of_the_wheel() -> None:
    """A worker's Python searches its working directory first."""
    image = STAGES[-1]
    assert instructions(image, "WORKDIR") == []
    copied = [arguments.split()[:-1] for arguments in instructions(image, "COPY") if "--from" not in arguments]
    assert copied == [["image_resizer.py"]]
