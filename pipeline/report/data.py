"""Read from OUT what a report shows. Tables are read part by part, so that they may have any number of rows."""

from __future__ import annotations

import heapq
import io
import itertools
import json
import os
import posixpath
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from pipeline.history.receipts import with_receipts
from transforms import storage
from transforms.dataset.paths import RECEIPTS_DIR, SUMMARY_PATH
from transforms.dataset.plan import Plan, read_plan
from transforms.imaging.naming import sample_rank
from transforms.model.errors import RunError
from transforms.model.json_lines import first_value
from transforms.model.records import RUN_DIR
from transforms.storage.paths import escaped

# The most examples of one kind of failure.
EXAMPLES = 5
# The most pictures on the contact sheet, and the most images that it shows in all their sizes.
_PICTURES, _IMAGES = 36, 12

# The number of files that are read at the same time.
_READERS = 16

Row = dict[str, Any]


class ReportData(NamedTuple):
    """What a report shows of a dataset.

    Args:
        out_dir: the path of the dataset.
        summary: the content of summary.json.
        plan: the plan of its first run; None if `_run` was deleted.
        runs: the histories of its runs, the oldest first.
        examples: kind of failure -> some rows of failures.
        pictured: for each image on the contact sheet, its rows of the manifest.
    """

    out_dir: str
    summary: dict[str, Any]
    plan: Plan | None
    runs: tuple[dict[str, Any], ...]
    examples: dict[str, list[Row]]
    pictured: tuple[tuple[Row, ...], ...]


def read_report_data(out_dir: str) -> ReportData:
    """Read the summary, the histories and the tables of a complete dataset.

    Raises:
        RunError: there is no complete dataset at `out_dir`.
    """
    summary = _read_summary(out_dir)
    sizes = len(summary["outputs"])
    return ReportData(
        out_dir,
        summary,
        plan=read_plan(out_dir),
        runs=tuple(read_runs(out_dir)),
        examples=examples_of(_lines(out_dir, "failures-"), summary["failures"]),
        pictured=rows_to_picture(_lines(out_dir, "manifest-"), picture_count(sizes)),
    )


def _read_summary(out_dir: str) -> dict[str, Any]:
    path = storage.join(out_dir, SUMMARY_PATH)
    text = storage.read_if_there(path)
    if text is None:
        raise RunError(f"{out_dir!r} holds no complete dataset ({SUMMARY_PATH} is missing): give the OUT of a run")
    try:
        summary = json.loads(text)
        return {**summary, "images": summary["images"], "outputs": summary["outputs"]}
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{path!r} is damaged ({error}): give the command of its run again to rewrite it") from error


def read_runs(out_dir: str) -> Iterator[dict[str, Any]]:
    """Yield the histories of all runs, the oldest first, without those that are damaged."""
    for path in _paths(storage.join(out_dir, RUN_DIR), "history-"):
        text = storage.read_if_there(path)
        try:
            history = json.loads(text or "")
        except ValueError:
            continue
        if not isinstance(history, dict) or "started" not in history:
            continue
        if "images" not in history:
            run_id = posixpath.basename(path).removeprefix("history-").removesuffix(".json")
            history = with_receipts(history, _receipts(out_dir, run_id))
        yield history


def _receipts(out_dir: str, run_id: str) -> Iterator[bytes]:
    """Yield the receipts of a run. A job leaves thousands of small files, so many are read at the same time."""
    with ThreadPoolExecutor(_READERS) as pool:
        for data in pool.map(storage.read, _paths(storage.join(out_dir, RECEIPTS_DIR), f"receipts-{run_id}-")):
            yield from data.splitlines()


def examples_of(lines: Iterable[bytes], kinds: dict[str, int]) -> dict[str, list[Row]]:
    """Return the first failures of each kind, by kind.

    Args:
        lines: the rows of failures. No more are read than necessary.
        kinds: kind of failure -> the number of its failures.
    """
    examples: dict[str, list[Row]] = {kind: [] for kind in kinds}
    missing = sum(min(EXAMPLES, count) for count in kinds.values())
    for line in lines if missing else ():
        row = json.loads(line)
        if len(of_kind := examples.setdefault(row["error"], [])) < EXAMPLES:
            of_kind.append(row)
            missing -= 1
            if not missing:
                break
    return examples


def picture_count(sizes: int) -> int:
    """Return how many images the contact sheet shows if each has `sizes` outputs."""
    return max(3, min(_IMAGES, _PICTURES // (1 + sizes)))


def rows_to_picture(lines: Iterable[bytes], count: int) -> tuple[tuple[Row, ...], ...]:
    """Return the written rows of the `count` images with the lowest `sample_rank`: the same ones in every report.

    Args:
        lines: the rows of the manifest, in which the rows of one image follow each other.
        count: the most images to return.
    """
    lowest: list[tuple[int, int, tuple[Row, ...]]] = []  # a heap, the highest rank first
    for number, (key, group) in enumerate(itertools.groupby(lines, first_value)):
        rank = sample_rank(key)
        if len(lowest) == count and rank >= -lowest[0][0]:
            continue
        rows = [json.loads(line) for line in group]
        written = [row for row in rows if row["status"] == "written"]
        if not written:
            continue
        entry = -rank, number, tuple(row for row in written if row["source"] == written[0]["source"])
        if len(lowest) < count:
            heapq.heappush(lowest, entry)
        else:
            heapq.heapreplace(lowest, entry)
    return tuple(rows for _, _, rows in sorted(lowest, reverse=True))


def _lines(out_dir: str, prefix: str) -> Iterator[bytes]:
    for path in _paths(out_dir, prefix):
        yield from io.BytesIO(storage.read(path))


def _paths(folder: str, prefix: str) -> list[str]:
    """Return the paths of a folder's files whose names begin with `prefix`, sorted."""
    if storage.is_local(folder):
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return [storage.join(folder, name) for name in sorted(names) if name.startswith(prefix)]
    return sorted(path for path, _, _ in storage.list_pattern(storage.join(escaped(folder), f"{prefix}*")))
