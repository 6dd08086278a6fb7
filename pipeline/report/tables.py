"""The tables of bars: counts of sources, skipped images, notes and ignored files; the time by phase and stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.report import svg
from pipeline.report.formatting import duration, percent
from pipeline.report.page import BarRow, BarTable, Figure
from transforms.model.annotations import IMAGE_LABELS, OBJECTS

# The stages in the order in which an image passes through them.
_STAGES = ("read", "decode", "resize", "encode", "hash", "write")


# The maximum number of classes of boxes that are shown, the largest first.
_CLASSES = 20


def counts_of(summary: Mapping[str, Any], categories: Mapping[str, str]) -> Iterator[BarTable]:
    """Yield the tables of counts. A table without rows is not shown.

    Args:
        summary: the content of summary.json.
        categories: class -> name, for the classes of annotations.
    """
    for heading, name, number in (("Boxes", OBJECTS, "Boxes"), ("Labels", IMAGE_LABELS, "Labels")):
        if sizes := summary.get("annotated", {}).get(name):
            yield _class_table(heading, number, sizes[max(sizes, key=int)], categories)
    yield _count_table("Source formats", "Format", summary["source_formats"])
    yield _count_table("Source pixel modes", "Mode", summary["source_modes"])
    yield _count_table("Skipped images", "Reason", summary["skipped"])
    yield _count_table("Notes on images", "Note", summary["notes"])
    ignored = {extension or "(no extension)": count for extension, count in summary.get("not_images", {}).items()}
    if system_files := summary.get("system_files"):
        ignored["(system files)"] = system_files
    yield _count_table("Ignored files", "Extension", ignored, "Files")


def _class_table(heading: str, number: str, counts: Mapping[str, Any], categories: Mapping[str, str]) -> BarTable:
    """Return a table of the largest classes: the number of boxes or labels of each, and the number of their images."""
    whole = counts["count"] or 1
    largest = sorted(counts["classes"].items(), key=lambda item: (-item[1], item[0]))[:_CLASSES]
    rows = (
        BarRow(
            Figure(categories.get(class_, class_), f"{count:,}", count),
            svg.share_bar(count / whole),
            f"{counts['class_images'][class_]:,}",
        )
        for class_, count in largest
    )
    return BarTable(heading, tuple(rows), "Class", number, "Images")


def _count_table(heading: str, label: str, counts: Mapping[str, int], number: str = "Images") -> BarTable:
    whole = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = (
        BarRow(Figure(name, f"{count:,}", count), svg.share_bar(count / whole), percent(count, whole))
        for name, count in ordered
    )
    return BarTable(heading, tuple(rows), label, number, "Share")


def times_of(run: Mapping[str, Any]) -> Iterator[BarTable]:
    """Yield the tables of a run's times. A table without rows is not shown."""
    yield _time_table("Wall time by phase", "Phase", run.get("phases", {}))
    stages = run.get("stages", {})
    yield _time_table("Thread time by stage", "Stage", {name: stages[name] for name in _STAGES if stages.get(name)})


def _time_table(heading: str, label: str, times: Mapping[str, float]) -> BarTable:
    whole = sum(times.values()) or 1.0
    rows = (
        BarRow(Figure(name, duration(seconds), seconds), svg.share_bar(seconds / whole), percent(seconds, whole))
        for name, seconds in times.items()
    )
    return BarTable(heading, tuple(rows), label, "Time", "Share")
