"""The wheel of the project, and a folder with the installed wheel."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "image_resizer.py", "pipeline", "transforms")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy: a build folder in the checkout could contain modules that no longer exist."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    _run("build", "--wheel", "--no-isolation", "--outdir", built, copy)
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install only the wheel into a folder; its dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    _run("pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel)
    return folder


def _run(*args: object) -> None:
    command = [sys.executable, "-m", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
