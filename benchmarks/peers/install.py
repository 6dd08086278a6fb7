"""Puts each peer where it is run: an environment of its own below build/, and Debian's packages on the machine.

What is there already is left as it is. Whatever fails raises RuntimeError or OSError.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import ROOT

PLACE = ROOT / "build" / "peers"
NODE_MODULES = PLACE / "node" / "node_modules"
TIME_LIMIT = 900  # seconds of one installation


def output(*command: str, variables: Mapping[str, str] | None = None) -> str:
    """What a command writes to stdout.

    Raises:
        RuntimeError: it failed; the message ends with its last line on stderr.
    """
    environment = os.environ | (variables or {})
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", timeout=TIME_LIMIT
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {(done.stderr.strip().splitlines() or [''])[-1]}")
    return done.stdout.strip()


def nothing() -> None:
    """For what is in our own environment."""


def python(environment: str) -> str:
    """The interpreter of a Python environment; each peer has its own, since two of them want different OpenCVs."""
    return str(PLACE / environment / "bin" / "python")


def pip(environment: str, *packages: str) -> None:
    """Installs Python packages into an environment, which is made if it is not there."""
    if not os.path.exists(python(environment)):
        output(sys.executable, "-m", "venv", "--clear", str(PLACE / environment))
    output(python(environment), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)


def npm(package: str) -> None:
    """Installs a Node package."""
    if not (NODE_MODULES / package).exists():
        folder = NODE_MODULES.parent
        folder.mkdir(parents=True, exist_ok=True)
        output("npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), package)


def apt(command: str, package: str) -> None:
    """Installs the Debian package of a command, which only root can."""
    if shutil.which(command):
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise RuntimeError(f"there is no {command}: install {package}")
    print(f"installing {package}", file=sys.stderr)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    output("apt-get", "update", variables=quiet)
    output("apt-get", "install", "--yes", "--no-install-recommends", package, variables=quiet)
