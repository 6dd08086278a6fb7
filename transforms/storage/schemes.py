"""Check which kinds of paths can be used, so that all others are rejected before anything else is done."""

from __future__ import annotations

import difflib
import functools
import importlib.util
import os
import re
from typing import NamedTuple

from transforms.storage.paths import is_local


class _Store(NamedTuple):
    """A store that Beam supports.

    Args:
        client: the module of its client.
        package: the package to install if the client is missing.
        form: the form of its paths.
        has_bucket: whether a path must name a bucket or an account.
        bucket: the pattern of valid names of buckets; None if it is unknown.
    """

    client: str
    package: str
    form: str
    has_bucket: bool = True
    bucket: re.Pattern[str] | None = None


GS_BUCKET = re.compile(r"[a-z0-9]([-a-z0-9_.:]*[a-z0-9])?")
S3_BUCKET = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*")

_STORES = {
    "gs": _Store("google.cloud.storage", "'apache-beam[gcp]'", "gs://BUCKET/...", bucket=GS_BUCKET),
    "s3": _Store("boto3", "boto3", "s3://BUCKET/...", bucket=S3_BUCKET),
    "azfs": _Store("azure.storage.blob", "'apache-beam[azure]'", "azfs://ACCOUNT/CONTAINER/..."),
    "hdfs": _Store("hdfs", "hdfs", "hdfs://FOLDER/...", has_bucket=False),
}
_WEB = frozenset({"http", "https"})
_OTHER_WEB = frozenset({"ftp", "ftps", "sftp"})
_KNOWN_SCHEME = re.compile(rf"({'|'.join([*_STORES, *sorted(_WEB | _OTHER_WEB), 'file'])}):(?://)?", re.IGNORECASE)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_USABLE = "use a local path, or a gs:// or s3:// path"
# The minimum similarity of a misspelled scheme to a known scheme.
_ALIKE = 0.7


def has_scheme(path: str) -> bool:
    """Return whether a path begins with a known or unknown scheme, such as gs://."""
    return _SCHEME.match(path) is not None


def problem_of_file(path: str) -> str | None:
    """Return why the path of a file cannot be used, see `problem_of`. A gs:// or s3:// path must name an object."""
    problem = problem_of(path)
    matched = _SCHEME.match(path)
    if problem is None and matched and matched[1] in ("gs", "s3") and not path[matched.end() :].partition("/")[2]:
        return f"does not name a file: write {matched[0]}BUCKET/FILE"
    return problem


def problem_of(path: str) -> str | None:
    """Return why a path cannot be used, and what to do. Return None if it can be used."""
    if is_local(path) and os.path.lexists(os.path.expanduser(path)):
        return None
    if os.name != "nt" and _WINDOWS.match(path):
        return "is a Windows path, but this machine does not run Windows: use a path such as /mnt/c/photos"
    if matched := _KNOWN_SCHEME.match(path):
        return _problem_of_known(matched[1], path[: matched.end()], path[matched.end() :])
    schemed = _SCHEME.match(path)
    if is_local(path) or (schemed and _is_known_to_beam(schemed[1])):
        return None
    scheme = path.partition("://")[0]
    near = difflib.get_close_matches(scheme.lower(), [*_STORES, *sorted(_WEB)], 1, _ALIKE)
    return f"cannot be used ({scheme}:// is not supported): {f'did you mean {near[0]}://?' if near else _USABLE}"


def _problem_of_known(scheme: str, start: str, rest: str) -> str | None:
    """Return the problem of a path that begins with a known scheme.

    Args:
        scheme: the scheme as it was entered.
        start: the scheme with its colon and slashes.
        rest: the part of the path after `start`.
    """
    lower = scheme.lower()
    if lower in _WEB:
        if not start.endswith("//"):
            return f"does not name a host: write {lower}://HOST/..."
        return f"is a web address, which only -i accepts: {_USABLE}"
    if lower in _OTHER_WEB:
        return f"is a web address, which is not supported: {_USABLE}, and download inputs first"
    if lower == "file":
        return f"is a URL: use only the path, {rest!r}"
    store = _STORES[lower]
    if not start.endswith("//") or (store.has_bucket and rest[:1] in ("", "/")):
        return f"does not name a {'bucket' if store.has_bucket else 'folder'}: write {store.form}"
    bucket = rest.partition("/")[0]
    if scheme == lower and store.bucket and not store.bucket.fullmatch(bucket):
        return f"does not name a bucket ({bucket!r} is not a valid name): write {store.form}"
    if scheme != lower:
        return f"cannot be used: {scheme}:// must be in lowercase: write {lower}://{rest}"
    if not _is_installed(store.client):
        return f"cannot be used: {lower}:// needs {store.client}, which is not installed: pip install {store.package}"
    return None


@functools.cache
def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is missing
        return False


@functools.cache
def _is_known_to_beam(scheme: str) -> bool:
    """Return whether a file system of Beam supports a scheme. Loads Beam, so call it only for rare schemes."""
    from apache_beam.io.filesystems import FileSystems

    try:
        FileSystems.get_filesystem(f"{scheme}://")
    except ValueError:
        return False
    return True
