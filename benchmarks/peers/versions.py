"""The version of each tool as text. Every function raises RuntimeError or OSError if its tool is missing."""

from __future__ import annotations

import json
from importlib.metadata import version

from PIL import features

from benchmarks.peers.install import NODE_MODULES, output, python


def pillow() -> str:
    """Return the version of Pillow, which image_resizer and the first script use."""
    return f"Pillow {version('pillow')}, libjpeg-turbo {features.version_feature('libjpeg_turbo')}"


def packages(environment: str, *names: str) -> str:
    """Return the versions of Python packages in one of the environments."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    numbers = output(python(environment), "-c", code, *names).split()
    return ", ".join(f"{name} {number}" for name, number in zip(names, numbers, strict=True))


def sharp() -> str:
    """Return the versions of sharp, of its libvips, and of Node."""
    numbers = json.loads(output("node", "-p", "JSON.stringify(require('sharp').versions)", variables=node_path()))
    return f"sharp {numbers['sharp']}, libvips {numbers['vips']}, Node {output('node', '--version').lstrip('v')}"


def node_path() -> dict[str, str]:
    """Return the environment variable that tells Node where packages are."""
    return {"NODE_PATH": str(NODE_MODULES)}


def vipsthumbnail() -> str:
    """Return the version of this machine's libvips."""
    return output("vipsthumbnail", "--version").replace("vips-", "libvips ").split("-")[0]


def mogrify() -> str:
    """Return the version of ImageMagick."""
    return " ".join(output("mogrify", "-version").split()[1:4])
