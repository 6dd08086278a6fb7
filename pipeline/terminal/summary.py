"""summary.json -> the few lines at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from transforms.imaging.errors import Note

# A note -> what it says of so many images; where a setting decides, for each of its values.
_NOTES: dict[Note, str | dict[str, str]] = {
    Note.EXIF_ORIENTATION: {
        "stored": "with an orientation in EXIF or XMP, kept as stored",
        "exif": "with an orientation in EXIF or XMP, turned as it says",
    },
    Note.ICC_PROFILE: {
        "keep-numbers": "with a colour profile, which is left out",
        "srgb": "with a colour profile, converted to sRGB",
    },
    Note.ICC_UNUSABLE: "of them with a profile that is broken or of other pixels: their numbers stay",
    Note.CICP: {
        "keep-numbers": "with a colour space by numbers (cICP, nclx), which is left out",
        "srgb": "with a colour space by numbers (cICP, nclx), converted to sRGB",
    },
    Note.CICP_UNUSABLE: "of them with one that is not converted, such as PQ or HLG: their numbers stay",
    Note.METADATA_DROPPED: "with broken or very large texts, profiles or the like, which are left out",
    Note.FULLY_TRANSPARENT: "fully transparent: nothing but --background is to be seen",
    Note.TRANSPARENCY_IGNORED: "with transparency that cannot be used and is ignored",
    Note.FLOAT_CLIPPED: "with floats below 0 or above 1, which are cut off",
    Note.TRUNCATED: "end early, and are made all the same",
    Note.DAMAGED: "with a wrong checksum of their pixels, and are made all the same",
    Note.UNCHECKED: "could not be checked by --check_jpeg",
}


def lines(summary: Mapping[str, Any], out_dir: str) -> Iterator[str]:
    """What a run shows of the dataset that is now in `out_dir`."""
    images = summary["images"]
    yield (
        f"{images['matched']:,} images matched: {images['written']:,} written, {images['failed']:,} failed, "
        f"{images['skipped']:,} skipped"
    )
    if summary["failures"]:
        yield f"failed: {counts(summary['failures'])}"
    if summary["retry"]:
        yield f"{summary['retry']:,} of them may do better: the next run tries them again"
    if summary["skipped"]:
        yield f"skipped: {counts(summary['skipped'])}"
    if summary["not_images"]:
        others = {extension or "(no extension)": number for extension, number in summary["not_images"].items()}
        yield f"other files, passed over: {counts(others)}"
    if summary["system_files"]:
        yield f"system files, never tried (__MACOSX, ._*, Thumbs.db and the like): {summary['system_files']:,}"
    for note in Note:
        if note in summary["notes"]:
            yield f"{summary['notes'][note]:,} {_said(note, summary['settings'])}"
    for table, told in summary.get("tables", {}).items():
        yield (
            f"--{table}: {told['images_with_row']:,} images have a row, {told['images_without_row']:,} have none; "
            f"of {told['rows']:,} rows {told['rows_without_image']:,} have no image, {told['rows_repeated']:,} "
            "repeat a key"
        )
    if summary.get("duplicates"):
        yield f"the same file as an earlier one: {summary['duplicates']:,} of the images"
    yield f"{megabytes(summary['source_bytes'])} in, {_outputs(summary)} out"
    yield f"manifest: {out_dir}/manifest-*.jsonl, failures: {out_dir}/failures-*.jsonl"


def _said(note: Note, settings: Mapping[str, Any]) -> str:
    said = _NOTES[note]
    if isinstance(said, str):
        return said
    return next(words for value, words in said.items() if value in (settings["orientation"], settings["color"]))


def counts(numbers: Mapping[str, int]) -> str:
    """How many of each, the most frequent first, such as "3 truncated, 1 damaged"."""
    ordered = sorted(numbers.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{number:,} {name}" for name, number in ordered)


def _outputs(summary: Mapping[str, Any]) -> str:
    source_bytes = summary["source_bytes"] or 1
    return ", ".join(
        f"{size} px {megabytes(output['bytes'])} ({100 * output['bytes'] / source_bytes:.1f} %)"
        for size, output in sorted(summary["outputs"].items(), key=lambda one: -int(one[0]))
    )


def megabytes(number: float) -> str:
    """A number of bytes in MB, or in GB from a thousand of them."""
    return f"{number / 1e9:,.2f} GB" if number >= 1e9 else f"{number / 1e6:,.1f} MB"
