"""The version of each tool, in a few words. Whatever fails raises RuntimeError or OSError: the tool is not there."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version

from PIL import features

from benchmarks.peers.install import NODE_MODULES, output, python


def pillow() -> str:
    """Pillow, in which ours and the reference resize."""
    return f"Pillow {version('pillow')}, libjpeg-turbo {features.version_feature('libjpeg_turbo')}"


def simd() -> str:
    """The other resampler of ours, an extra."""
    try:
        return f"cykooz-resizer {version('cykooz-resizer')}, {pillow()}"
    except PackageNotFoundError as error:
        raise RuntimeError("cykooz-resizer is not installed: install the extra simd") from error


def packages(environment: str, *names: str) -> str:
    """Python packages of one of the environments."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    found = output(python(environment), "-c", code, *names).split()
    return ", ".join(f"{name} {number}" for name, number in zip(names, found, strict=True))


def sharp() -> str:
    """sharp, the libvips inside it, and Node."""
    found = json.loads(output("node", "-p", "JSON.stringify(require('sharp').versions)", variables=node_path()))
    return f"sharp {found['sharp']}, libvips {found['vips']}, Node {output('node', '--version').lstrip('v')}"


def node_path() -> dict[str, str]:
    """The variable that says where Node packages are."""
    return {"NODE_PATH": str(NODE_MODULES)}


def vipsthumbnail() -> str:
    """The libvips of the machine."""
    return output("vipsthumbnail", "--version").replace("vips-", "libvips ").split("-")[0]


def mogrify() -> str:
    """ImageMagick."""
    return " ".join(output("mogrify", "-version").split()[1:4])
