"""Read the data of a report from OUT. Tables are read part by part, so they may have any number of rows."""

from __future__ import annotations

import io
import itertools
import json
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.history.receipts import receipts_of, with_receipts
from pipeline.report.manifest import Row, read_images, windows
from pipeline.report.survey import Survey, survey
from transforms import storage
from transforms.dataset import state
from transforms.dataset.paths import (
    ARCHIVES_PATH,
    CARD_PATH,
    CROISSANT_PATH,
    LICENSE_PATH,
    SUMMARY_PATH,
    SUMS_PATH,
)
from transforms.dataset.plan import Plan, parts, read_plan
from transforms.model.errors import RunError
from transforms.model.records import RUN_DIR
from transforms.storage.paths import escaped

# The maximum number of examples of each kind of failure.
EXAMPLES = 5
# The maximum number of failures that are read to find examples.
_MOST_FAILURES = 100_000
# The number of classes that are shown, the largest first.
CLASSES = 12

# Files, other than parts of tables, to which the page links.
_BESIDE = (CARD_PATH, SUMMARY_PATH, ARCHIVES_PATH, CROISSANT_PATH, LICENSE_PATH, SUMS_PATH)


class ReportData(NamedTuple):
    """The data of a dataset's report.

    Args:
        out_dir: the path of the dataset.
        summary: the content of summary.json.
        plan: the plan of its first run; None if the state was deleted.
        runs: the histories of its runs, the oldest first.
        examples: kind of failure -> some rows of failures.
        survey: the data about single images.
        files: the names of the files beside the page.
    """

    out_dir: str
    summary: dict[str, Any]
    plan: Plan | None
    runs: tuple[dict[str, Any], ...]
    examples: dict[str, list[Row]]
    survey: Survey
    files: tuple[str, ...]


def read_report_data(out_dir: str) -> ReportData:
    """Read the summary, the histories and the tables of a complete dataset.

    Raises:
        RunError: `out_dir` does not contain a complete dataset.
    """
    summary = _read_summary(out_dir)
    plan = read_plan(out_dir)
    manifest, failures = (_parts(out_dir, table, plan) for table in ("manifest", "failures"))
    beside = [path for path in _BESIDE if storage.exists(storage.join(out_dir, path))]
    return ReportData(
        out_dir,
        summary,
        plan,
        runs=tuple(read_runs(out_dir)),
        examples=examples_of(itertools.islice(_lines(failures), _MOST_FAILURES), summary["failures"]),
        survey=survey_of(read_images(windows(manifest)), summary),
        files=(*beside, *(storage.below(out_dir, path) for path, size in (*manifest, *failures) if size)),
    )


def survey_of(images: Iterable[tuple[Row, ...]], summary: Mapping[str, Any]) -> Survey:
    """Return the survey of some images of a dataset."""
    settings = summary["settings"]
    return survey(images, settings["layout"], settings["split"], len(settings["size"]))


def _read_summary(out_dir: str) -> dict[str, Any]:
    path = storage.join(out_dir, SUMMARY_PATH)
    text = storage.read_if_there(path)
    if text is None:
        raise RunError(
            f"{out_dir!r} does not contain a complete dataset ({SUMMARY_PATH} is missing): pass the OUT of a run"
        )
    try:
        summary = json.loads(text)
        return {**summary, "images": summary["images"], "outputs": summary["outputs"]}
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{path!r} is damaged ({error}): repeat the command of its run to rewrite it") from error


def read_runs(out_dir: str) -> Iterator[dict[str, Any]]:
    """Yield the histories of all runs, the oldest first. Skip damaged ones."""
    for path in state.paths(out_dir, f"{RUN_DIR}/history-"):
        text = state.read(out_dir, path)
        try:
            history = json.loads(text or "")
        except ValueError:
            continue
        if not isinstance(history, dict) or "started" not in history:
            continue
        if "images" not in history:
            run_id = posixpath.basename(path).removeprefix("history-").removesuffix(".json")
            history = with_receipts(history, receipts_of(out_dir, run_id))
        yield history


def examples_of(lines: Iterable[bytes], kinds: dict[str, int]) -> dict[str, list[Row]]:
    """Return kind -> the first failures of that kind.

    Args:
        lines: the rows of failures. They are read only as far as necessary.
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


def shown_classes(data: ReportData) -> list[tuple[str, int]]:
    """Return (class, number of images) for the classes that the page shows, the largest first."""
    counts = data.summary.get("classes") or data.survey.classes
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:CLASSES]


def _parts(out_dir: str, table: str, plan: Plan | None) -> list[tuple[str, int]]:
    """Return the path and the size of each part of a table, without listing a folder that may contain all images."""
    if plan is None or not storage.is_local(out_dir):
        return _files(out_dir, f"{table}-")
    paths = [storage.join(out_dir, part.path(table)) for part in parts(plan)]
    return [(path, size) for path in paths if (size := storage.size(path)) is not None]


def _lines(files: Iterable[tuple[str, int]]) -> Iterator[bytes]:
    for path, _ in files:
        yield from io.BytesIO(storage.read(path))


def _files(folder: str, prefix: str) -> list[tuple[str, int]]:
    """Return the path and the size of each file in a folder whose name begins with `prefix`, sorted by path."""
    if not storage.is_local(folder):
        listed = storage.list_pattern(storage.join(escaped(folder), f"{prefix}*"))
        return sorted((path, size) for path, size, _ in listed)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    paths = sorted(storage.join(folder, name) for name in names if name.startswith(prefix))
    return [(path, os.stat(path).st_size) for path in paths]
