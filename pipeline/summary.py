"""summary.json -> the few lines at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_NOTES = {
    "exif-orientation": "with an EXIF orientation, {orientation}",
    "icc-profile": "with a colour profile, which is left out",
}
_POLICIES = {"stored": "kept as stored", "exif": "turned as it says"}


def lines(summary: Mapping[str, Any], out_dir: str) -> Iterator[str]:
    """What a run shows of the dataset that is now in `out_dir`."""
    images = summary["images"]
    yield (
        f"{images['matched']:,} images matched: {images['written']:,} written, {images['failed']:,} failed, "
        f"{images['skipped']:,} skipped"
    )
    if summary["failures"]:
        yield f"failed: {_counts(summary['failures'])}"
    if summary["retry"]:
        yield f"{summary['retry']:,} of them may do better: the next run tries them again"
    if summary["skipped"]:
        yield f"skipped: {_counts(summary['skipped'])}"
    if summary["not_images"]:
        others = {extension or "(no extension)": number for extension, number in summary["not_images"].items()}
        yield f"other files, passed over: {_counts(others)}"
    for note, number in summary["notes"].items():
        yield f"{number:,} {_NOTES[note].format(orientation=_POLICIES[summary['settings']['orientation']])}"
    yield f"{megabytes(summary['source_bytes'])} in, {_outputs(summary)} out"
    yield f"manifest: {out_dir}/manifest-*.jsonl, failures: {out_dir}/failures-*.jsonl"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _outputs(summary: Mapping[str, Any]) -> str:
    source_bytes = summary["source_bytes"] or 1
    return ", ".join(
        f"{size} px {megabytes(output['bytes'])} ({100 * output['bytes'] / source_bytes:.1f} %)"
        for size, output in sorted(summary["outputs"].items(), key=lambda one: -int(one[0]))
    )


def megabytes(number: int) -> str:
    """A number of bytes in MB, or in GB from a thousand of them."""
    return f"{number / 1e9:,.2f} GB" if number >= 1e9 else f"{number / 1e6:,.1f} MB"
