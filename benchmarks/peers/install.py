"""Install the other tools: in environments below build/peers, and Debian packages on the machine.

Tools that are already installed are not changed. A failure raises RuntimeError or OSError.
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
TIME_LIMIT = 900  # seconds for one installation


def output(*command: str, variables: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it writes to stdout.

    Raises:
        RuntimeError: the command failed. The message ends with its last line on stderr.
    """
    environment = os.environ | (variables or {})
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", timeout=TIME_LIMIT
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {(done.stderr.strip().splitlines() or [''])[-1]}")
    return done.stdout.strip()


def nothing() -> None:
    """Install nothing, for a tool in the environment of image_resizer."""


def python(environment: str) -> str:
    """Return the interpreter of an environment. Each tool has its own: two of them require different OpenCVs."""
    return str(PLACE / environment / "bin" / "python")


def pip(environment: str, *packages: str) -> None:
    """Install Python packages into an environment. Create the environment if it does not exist."""
    if not os.path.exists(python(environment)):
        output(sys.executable, "-m", "venv", "--clear", str(PLACE / environment))
    output(python(environment), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)


def npm(package: str) -> None:
    """Install a Node package."""
    if not (NODE_MODULES / package).exists():
        folder = NODE_MODULES.parent
        folder.mkdir(parents=True, exist_ok=True)
        output("npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), package)


def apt(command: str, package: str) -> None:
    """Install the Debian package of a command. Only root can do this."""
    if shutil.which(command):
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise RuntimeError(f"{command} is not installed: install the Debian package {package} as root")
    print(f"installing {package}", file=sys.stderr)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    output("apt-get", "update", variables=quiet)
    output("apt-get", "install", "--yes", "--no-install-recommends", package, variables=quiet)
