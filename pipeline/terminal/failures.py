"""The first failures of a dataset, for the lines at the end of a run."""

from __future__ import annotations

import json
from typing import Any

from transforms import storage
from transforms.storage.paths import escaped

# The number of failures that are listed at the end of a run.
NAMED = 3


def first_failures(out_dir: str, failed: int) -> list[dict[str, Any]]:
    """Return the first rows of failures in `out_dir`, one for each image. There are at most `NAMED`.

    Args:
        out_dir: OUT.
        failed: the number of images that failed.

    Raises:
        StorageError: a file cannot be read.
    """
    if not failed:
        return []
    rows: dict[str, dict[str, Any]] = {}
    pattern = storage.join(escaped(out_dir), "failures-*.jsonl")
    for path in sorted(path for path, size, _ in storage.list_pattern(pattern) if size):
        with storage.open_file(path) as file:
            for line in file:
                row = json.loads(line)
                rows.setdefault(row["source"], row)
                if len(rows) == min(NAMED, failed):
                    return list(rows.values())
    return list(rows.values())
