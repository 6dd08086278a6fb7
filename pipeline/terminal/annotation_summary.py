"""summary.json -> the lines about annotations in the log at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from transforms.model.annotations import IMAGE_LIST, OBJECTS
from transforms.model.counting import counted

# The names of an annotation's items in messages.
_ITEMS = {OBJECTS: "box"}


def annotation_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines about the rows of each table and the annotations of each size; none if there are no annotations.

    Args:
        summary: the content of summary.json.
    """
    for table, counts in summary.get("annotations", {}).items():
        odd = {**counts["dropped"], **counts["kinds"], "repeated": counts.get("repeated", 0)}
        odd = {reason: number for reason, number in odd.items() if number}
        more = f" ({format_counts(odd)})" if odd else ""
        yield (
            f"--{table}: {counted(counts['read'], 'row')} read, {counts['kept']:,} kept{more}; images with a row: "
            f"{counts['images_with_row']:,}, without: {counts['images_without_row']:,}"
        )
        if counts["rows_without_image"]:
            place = ": missing-*.jsonl" if table == IMAGE_LIST else ""
            yield f"rows of --{table} without an image in the input: {counts['rows_without_image']:,}{place}"
    for name, sizes in summary.get("annotated", {}).items():
        for size, counts in sorted(sizes.items(), key=lambda item: -int(item[0])):
            dropped = summary["dropped_boxes"][size] if name == OBJECTS else {}
            yield (
                f"{size} px: {counted(counts['count'], _ITEMS.get(name, 'label'))} of "
                f"{counted(len(counts['classes']), 'class')} on {counted(counts['images_with'], 'image')}; images "
                f"without: {counts['images_without']:,}" + (f"; dropped: {format_counts(dropped)}" if dropped else "")
            )


def empty_classes(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield each class of --classes, such as /m/01yrx, of which no output has a box or a label."""
    found = {
        class_
        for sizes in summary.get("annotated", {}).values()
        for counts in sizes.values()
        for class_ in counts["class_images"]
    }
    yield from (class_ for class_ in summary["settings"].get("classes", ()) if class_ not in found)


def selection_problem(summary: Mapping[str, Any]) -> str:
    """Return a message if the annotation tables selected no image, else ""."""
    images, tables = summary["images"], summary.get("annotations")
    if not tables or images["skipped"] < images["matched"]:
        return ""
    flags = " and ".join(f"--{table}" for table in sorted(tables))
    return (
        f"no image was selected by {flags} and the flags beside them ({format_counts(summary['skipped'])}): use tables "
        "that describe these images, or select less strictly"
    )


def format_counts(numbers: Mapping[str, int]) -> str:
    """Return each number with its name, the largest first, such as "3 truncated, 1 damaged"."""
    ordered = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number:,} {name}" for name, number in ordered)
