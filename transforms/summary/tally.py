"""Tallies: nested dictionaries of counts. Their sum does not depend on the order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from transforms.imaging.errors import RETRIED_KINDS
from transforms.model.records import FailureRow, ManifestRow, Tally


def tally(rows: Sequence[ManifestRow], failures: Sequence[FailureRow], sizes: Sequence[int]) -> Tally:
    """Count the results of one shard.

    An image counts as failed if one of its rows is failed, else as skipped if one is skipped, else as written.
    `outputs` counts all files of each size by extension, including those of images that failed at another size.
    `enlarged` counts how many of them are enlarged ("yes") or not ("no"). Older versions did not write `enlarged`, so
    in a sum it may cover fewer files than there are. A note counts once for each image.

    Args:
        rows: one for each image and size.
        failures: one for each failed image.
        sizes: all sizes of the dataset.
    """
    sources = {row.source: row for row in rows}
    failed = {row.source for row in rows if row.status == "failed"}
    skipped = {row.source for row in rows if row.status == "skipped"} - failed
    written = [row for row in rows if row.status == "written"]
    return {
        "images": {
            "matched": len(sources),
            "written": len(sources) - len(failed) - len(skipped),
            "failed": len(failed),
            "skipped": len(skipped),
        },
        "source_bytes": sum(row.source_bytes or 0 for row in sources.values()),
        "outputs": {str(size): _outputs(size, written) for size in sizes},
        "output_bytes": {str(size): _histogram(map(_file_bytes, _of_size(size, written))) for size in sizes},
        "enlarged": {str(size): _histogram(map(_is_enlarged, _of_size(size, written))) for size in sizes},
        "skipped": _histogram({row.source: row.reason for row in rows if row.status == "skipped"}.values()),
        "failures": dict(Counter(failure.error for failure in failures)),
        "retry": sum(failure.error in RETRIED_KINDS for failure in failures),
        "notes": _histogram(note for _, note in {(row.source, note) for row in rows for note in row.notes}),
        "source_formats": _histogram(row.source_format for row in sources.values()),
        "source_modes": _histogram(row.source_mode for row in sources.values()),
        "source_longest_side": _histogram(_longest_side(row) for row in sources.values()),
        "source_aspect_ratio": _histogram(_aspect_ratio(row) for row in sources.values()),
    }


def _outputs(size: int, written: Sequence[ManifestRow]) -> Tally:
    rows = _of_size(size, written)
    formats = _histogram((row.path or "").rpartition(".")[2] for row in rows)
    return {"images": len(rows), "bytes": sum(row.bytes or 0 for row in rows), "formats": formats}


def _of_size(size: int, rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    return [row for row in rows if row.size == size]


def _histogram(values: Iterable[str | None]) -> dict[str, int]:
    return dict(Counter(value for value in values if value is not None))


def _is_enlarged(row: ManifestRow) -> str | None:
    """Return "yes" if an output has more pixels than the part of the source that it shows, else "no" (or None)."""
    if row.source_box is None or row.output_box is None:
        return None
    (left, top, right, bottom), (x0, y0, x1, y1) = row.source_box, row.output_box
    return "yes" if (x1 - x0) * (y1 - y0) > (right - left) * (bottom - top) else "no"


def _file_bytes(row: ManifestRow) -> str:
    """Return the bytes of an output, rounded up to three significant bits: four steps between two powers of two."""
    below = (row.bytes or 1) - 1
    shift = max(0, below.bit_length() - 3)
    return str(((below >> shift) + 1) << shift)


def _longest_side(row: ManifestRow) -> str | None:
    """Return the smallest power of two that is not below the longest side of the source, in pixels."""
    if row.source_width is None or row.source_height is None:
        return None
    return str(1 << (max(row.source_width, row.source_height) - 1).bit_length())


def _aspect_ratio(row: ManifestRow) -> str | None:
    """Return the width divided by the height, clipped to 0.1 to 10 and rounded to one decimal."""
    if not row.source_width or not row.source_height:
        return None
    return f"{min(10.0, max(0.1, row.source_width / row.source_height)):.1f}"


def merge(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies, with sorted keys."""
    total: Tally = {}
    for counts in tallies:
        add(total, counts)
    return _sorted(total)


def add(total: Tally, counts: Mapping[str, Any]) -> None:
    """Add `counts` to `total`, in place."""
    for name, value in counts.items():
        if isinstance(value, dict):
            add(total.setdefault(name, {}), value)
        else:
            total[name] = total.get(name, 0) + value


def _sorted(counts: Tally) -> Tally:
    return {name: _sorted(value) if isinstance(value, dict) else value for name, value in sorted(counts.items())}
