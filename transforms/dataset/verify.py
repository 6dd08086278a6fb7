"""Whether what was committed is still there, as the markers have it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from transforms import storage
from transforms.dataset.markers import marker_path, read_header
from transforms.dataset.plan import Plan, document_paths
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError, StorageError
from transforms.model.records import Shard

_CHECKERS = 16


class Checked(NamedTuple):
    """What was found of one shard: how many files were looked at, and a sentence for each that is not as it was."""

    shard: Shard
    files: int
    problems: list[str]


def check_shards(config: ResizeConfig, plan: Plan, full: bool) -> Iterator[Checked]:
    """Looks at every file of every shard that is committed; what has a problem loses its marker, and is made anew.

    Args:
        config: the dataset.
        plan: of the dataset.
        full: read the files and compare their SHA-256 too, instead of their sizes alone.

    Raises:
        StorageError: a marker cannot be read or deleted.
    """
    with ThreadPoolExecutor(_CHECKERS) as pool:
        for checked in pool.map(lambda shard: _check(config.out_dir, shard, full), plan.all_shards()):
            if checked.problems:
                storage.delete_all(config.out_dir, [marker_path(checked.shard)])
            yield checked


def missing_documents(config: ResizeConfig, plan: Plan) -> list[str]:
    """A sentence for each of the dataset's own tables that is not there; every run makes them anew."""
    return [
        f"{name!r} is missing"
        for name in document_paths(plan)
        if not storage.exists(storage.join(config.out_dir, name))
    ]


def _check(out_dir: str, shard: Shard, full: bool) -> Checked:
    try:
        header = read_header(out_dir, shard)
    except StorageError:
        raise
    except RunError as error:
        return Checked(shard, 0, [str(error)])
    if header is None:
        return Checked(shard, 0, [f"shard {shard.name} is not committed"])
    problems = [
        f"{path!r} {problem}"
        for path, size, sha256 in header.files
        if (problem := _problem(storage.join(out_dir, path), size, sha256 if full else None))
    ]
    return Checked(shard, len(header.files), problems)


def _problem(path: str, size: int, sha256: str | None) -> str | None:
    now = storage.size(path)
    if now is None:
        return "is missing"
    if now != size:
        return f"has {now:,} bytes instead of {size:,}"
    if sha256 is None:
        return None
    try:
        same = hashlib.sha256(storage.read(path)).hexdigest() == sha256
    except StorageError as error:
        return f"cannot be read: {error.reason}"
    return None if same else "has other bytes of the same number"
