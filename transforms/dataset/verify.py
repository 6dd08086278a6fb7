"""Checks that the committed files exist as the markers list them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from transforms import storage
from transforms.dataset import state
from transforms.dataset.markers import marker_path, read_header
from transforms.dataset.plan import Plan, document_paths
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError, StorageError
from transforms.model.records import Shard

_THREADS = 16


class ShardCheck(NamedTuple):
    """The result of checking one shard: the number of its files, and a sentence for each missing or altered file."""

    shard: Shard
    files: int
    problems: list[str]


def check_shards(config: ResizeConfig, plan: Plan, full: bool) -> Iterator[ShardCheck]:
    """Check every file of every shard, and yield the result of each shard.

    Delete the marker of a shard with a problem, so that the next run makes the shard again.

    Args:
        config: the dataset.
        plan: the plan of the dataset.
        full: whether to also compare the SHA-256 of the files, not only their sizes.

    Raises:
        StorageError: a marker cannot be read or deleted.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        for check in pool.map(lambda shard: _check(config.out_dir, shard, full), plan.all_shards()):
            if check.problems:
                state.delete(config.out_dir, marker_path(check.shard))
            yield check


def missing_documents(config: ResizeConfig, plan: Plan) -> list[str]:
    """Return a sentence for each missing file of `document_paths`. Every run rewrites these files."""
    return [
        f"{name!r} is missing"
        for name in document_paths(plan)
        if storage.size(storage.join(config.out_dir, name)) is None
    ]


def _check(out_dir: str, shard: Shard, full: bool) -> ShardCheck:
    try:
        header = read_header(out_dir, shard)
    except StorageError:
        raise
    except RunError as error:
        return ShardCheck(shard, 0, [str(error)])
    if header is None:
        return ShardCheck(shard, 0, [f"shard {shard.name} is not committed"])
    problems = [
        f"{path!r} {problem}"
        for path, size, sha256 in header.files
        if (problem := _problem(storage.join(out_dir, path), size, sha256 if full else None))
    ]
    return ShardCheck(shard, len(header.files), problems)


def _problem(path: str, size: int, sha256: str | None) -> str | None:
    try:
        actual_size = storage.size(path)
        if actual_size is None:
            return "is missing"
        if actual_size != size:
            return f"has {actual_size:,} bytes instead of {size:,}"
        is_same = sha256 is None or hashlib.sha256(storage.read(path)).hexdigest() == sha256
    except StorageError as error:
        return f"cannot be read: {error.reason}"
    return None if is_same else "has the same size but other content"
