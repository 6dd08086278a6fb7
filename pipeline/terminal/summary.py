"""summary.json -> the lines in the log at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.terminal.annotation_summary import annotation_lines, format_counts
from transforms.imaging.errors import Note
from transforms.imaging.extras import extra_for, install_command
from transforms.model.config import Unread
from transforms.model.counting import counted
from transforms.publish.amounts import amount
from transforms.publish.facts import unannotated_splits
from transforms.storage import join
from transforms.summary.enlarged import enlarged

# The phrase for each note. If it depends on a setting, there is a phrase for each value.
_NOTES: dict[Note, str | dict[str, str]] = {
    Note.EXIF_ORIENTATION: {
        "stored": "orientation in EXIF or XMP, not applied",
        "exif": "orientation in EXIF or XMP, applied",
    },
    Note.ICC_PROFILE: {
        "keep-numbers": "color profile, left out",
        "srgb": "color profile, converted to sRGB",
    },
    Note.ICC_UNUSABLE: "color profile broken or for another kind of pixels, pixel values kept",
    Note.CICP: {
        "keep-numbers": "color space given by numbers (cICP, nclx), left out",
        "srgb": "color space given by numbers (cICP, nclx), converted to sRGB",
    },
    Note.CICP_UNUSABLE: "color space given by numbers, not convertible (PQ, HLG, ...), pixel values kept",
    Note.METADATA_DROPPED: "broken or very large metadata, left out",
    Note.FULLY_TRANSPARENT: "fully transparent, only --background visible",
    Note.TRANSPARENCY_IGNORED: "unusable transparency, ignored",
    Note.FLOAT_CLIPPED: "floats below 0 or above 1, clipped",
    Note.TRUNCATED: "file ends early, written with the data available",
    Note.DAMAGED: "wrong pixel checksum, pixels written as they are",
    Note.UNCHECKED: "cannot be checked by --check_jpeg",
    Note.KEPT: "no change needed, copied byte for byte with metadata",
}


def summary_lines(summary: Mapping[str, Any], failures: Sequence[Mapping[str, Any]], out_dir: str) -> Iterator[str]:
    """Yield the lines about the dataset in `out_dir`. Each consists of a description and a number.

    Args:
        summary: the content of summary.json.
        failures: the first rows of the failures, one for each image.
        out_dir: OUT.
    """
    images = summary["images"]
    yield (
        f"{counted(images['matched'], 'image')} matched: {images['written']:,} written, {images['failed']:,} failed, "
        f"{images['skipped']:,} skipped"
    )
    if summary["failures"]:
        yield f"failed: {format_counts(summary['failures'])}"
    for row in failures:
        yield f"  {row['source']!r}: {row['error']}: {row['message']}"
    if (more := images["failed"] - len(failures)) > 0:
        yield f"  {more:,} more: {join(out_dir, 'failures-*.jsonl')}"
    if summary["retry"]:
        yield f"failed, to be retried by the next run: {summary['retry']:,}"
    if summary["skipped"]:
        yield f"skipped: {format_counts(summary['skipped'])}"
    yield from _other_files(summary["not_images"])
    if summary["system_files"]:
        yield f"system files, not read (__MACOSX, ._*, Thumbs.db, ...): {summary['system_files']:,}"
    for note in Note:
        if note in summary["notes"]:
            yield f"{_phrase(note, summary['settings'])}: {summary['notes'][note]:,}"
    for table, joined in summary.get("tables", {}).items():
        yield (
            f"--{table}: images with a row: {joined['images_with_row']:,}, without: {joined['images_without_row']:,}; "
            f"rows: {joined['rows']:,}, without an image: {joined['rows_without_image']:,}, "
            f"with a repeated key: {joined['rows_repeated']:,}"
        )
    yield from annotation_lines(summary)
    if summary.get("duplicates"):
        yield f"duplicates of an earlier file: {summary['duplicates']:,}"
    yield f"input: {amount(summary['source_bytes'])}; output: {_outputs(summary)}"
    yield f"OUT: {out_dir}"


def _other_files(numbers: Mapping[str, int]) -> Iterator[str]:
    """Yield a line for each kind of file for which an extra is missing, and one for all other files."""
    others = {}
    for extension, number in numbers.items():
        if extra := extra_for(extension[1:]):
            yield f"{counted(number, f'{extension} file')} left out: {install_command(extra.name)}"
        else:
            others[extension or "(no extension)"] = number
    if others:
        yield f"other files, not read: {format_counts(others)}"


def warnings(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield warnings: images larger than their sources, missing labels and boxes, and inputs that cannot be read."""
    if summary["settings"]["fit"] == "stretch":
        advice = "use a smaller -s"
    else:
        advice = "use --only_shrink to keep the dimensions of such images, with another -o or --overwrite"
    for sizes in enlarged(summary):
        yield f"-s {sizes.size} made {sizes} larger than their sources: {advice}"
    if "label_from" in summary["settings"]:
        # The classes count images that have an output, also those that failed at another size.
        images = max(output["images"] for output in summary["outputs"].values())
        if (unlabeled := images - sum(summary["classes"].values())) > 0:
            yield (
                "--label_from folder: images without a label, because they are not in a folder below -i: "
                f"{unlabeled:,} of {images:,}; put the images of each class into a folder"
            )
    if unannotated := unannotated_splits(summary):
        yield (
            f"load_dataset cannot load the splits together, because no image of {', '.join(unannotated)} has boxes or "
            "labels: load each split by itself, as README.md says, or use another --layout"
        )
    unread = Unread(**summary["unread"])
    if unread.inputs:
        yield f"complete, but {counted(unread.inputs, 'input')} could not be read: {unread}"


def _phrase(note: Note, settings: Mapping[str, Any]) -> str:
    phrase = _NOTES[note]
    if isinstance(phrase, str):
        return phrase
    return next(words for value, words in phrase.items() if value in (settings["orientation"], settings["color"]))


def _outputs(summary: Mapping[str, Any]) -> str:
    source_bytes = summary["source_bytes"] or 1
    return ", ".join(
        f"{size} px {amount(output['bytes'])} ({100 * output['bytes'] / source_bytes:.1f} %)"
        for size, output in sorted(summary["outputs"].items(), key=lambda item: -int(item[0]))
    )
