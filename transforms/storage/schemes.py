"""Which kinds of paths can be used here, so that others are refused before anything else is done."""

from __future__ import annotations

import importlib.util
import os
import re

from transforms.storage.paths import is_local

# The stores of Beam's own -> what reaches them, and what to install where that is missing.
_CLIENTS = {
    "gs": ("google.cloud.storage", "'apache-beam[gcp]'"),
    "s3": ("boto3", "'apache-beam[aws]'"),
    "azfs": ("azure.storage.blob", "'apache-beam[azure]'"),
    "hdfs": ("hdfs", "hdfs"),
}
_WEB = frozenset({"http", "https", "ftp", "ftps", "sftp"})
_WINDOWS = re.compile(r"[A-Za-z]:\\")
_USABLE = "give a local path or one of gs://"


def problem_of(path: str) -> str | None:
    """Why a path cannot be used, and what to do; None where it can."""
    if is_local(path):
        if os.name != "nt" and _WINDOWS.match(path) and not os.path.lexists(path):
            return "is a path of Windows, which this machine is not: give a path such as /mnt/c/photos"
        return None
    scheme = path.partition("://")[0]
    if scheme in _CLIENTS:
        client, package = _CLIENTS[scheme]
        if not _is_installed(client):
            return f"cannot be used: {scheme}:// needs {client}, which is not installed: pip install {package}"
        return None
    if scheme == "file":
        return f"is a URL: give the path alone, {path.removeprefix('file://')!r}"
    if scheme.lower() in _WEB:
        return f"is on the web, which nothing here reads: download the files first, and {_USABLE}"
    return None if _is_known_to_beam(path) else f"cannot be used: nothing here reads {scheme}://, {_USABLE}"


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it would lie in
        return False


def _is_known_to_beam(path: str) -> bool:
    """Whether a file system that was added to Beam takes the path. Loads Beam: for rare schemes only."""
    from apache_beam.io.filesystems import FileSystems

    try:
        FileSystems.get_filesystem(path)
    except ValueError:
        return False
    return True
