"""The lines in the log at the end of a run."""

from typing import Any

import pytest

from pipeline.terminal.summary import summary_lines
from transforms.imaging.errors import Note
from transforms.imaging.spec import COLORS, ORIENTATIONS


def summary_with(notes: dict[str, int], orientation: str, color: str) -> dict[str, Any]:
    return {
        "images": {"matched": 9, "written": 9, "failed": 0, "skipped": 0},
        "failures": {},
        "retry": 0,
        "skipped": {},
        "not_images": {},
        "system_files": 0,
        "notes": notes,
        "source_bytes": 2_000_000,
        "outputs": {"512": {"images": 9, "bytes": 1_000_000}},
        "settings": {"orientation": orientation, "color": color},
    }


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("color", COLORS)
def test_every_note_has_a_line(orientation: str, color: str) -> None:
    lines = list(summary_lines(summary_with({note.value: 1234 for note in Note}, orientation, color), [], "out"))
    converted = "converted to sRGB" if color == "srgb" else "left out"
    assert lines[1:-2] == [
        f"orientation in EXIF or XMP, {'not applied' if orientation == 'stored' else 'applied'}: 1,234",
        f"color profile, {converted}: 1,234",
        "color profile broken or for another kind of pixels, pixel values kept: 1,234",
        f"color space given by numbers (cICP, nclx), {converted}: 1,234",
        "color space given by numbers, not convertible (PQ, HLG, ...), pixel values kept: 1,234",
        "broken or very large metadata, left out: 1,234",
        "fully transparent, only --background visible: 1,234",
        "unusable transparency, ignored: 1,234",
        "floats below 0 or above 1, clipped: 1,234",
        "file ends early, written with the data available: 1,234",
        "wrong pixel checksum, pixels written as they are: 1,234",
        "cannot be checked by --check_jpeg: 1,234",
        "no change needed, copied byte for byte with metadata: 1,234",
    ]


def test_other_files_and_system_files_are_counted_separately() -> None:
    summary = {
        **summary_with({}, "stored", "srgb"),
        "not_images": {"": 1, ".heic": 1200, ".hif": 1, ".jxl": 3, ".svg": 2},
        "system_files": 1234,
    }
    assert list(summary_lines(summary, [], "out"))[1:6] == [
        "1,200 .heic files left out: pip install 'downsampled-open-images[heif]'",
        "1 .hif file left out: pip install 'downsampled-open-images[heif]'",
        "3 .jxl files left out: pip install 'downsampled-open-images[jxl]'",
        "other files, not read: 2 .svg, 1 (no extension)",
        "system files, not read (__MACOSX, ._*, Thumbs.db, ...): 1,234",
    ]


def test_retries_tables_and_duplicates_are_counted() -> None:
    joined = {
        "images_with_row": 7,
        "images_without_row": 2,
        "rows": 1010,
        "rows_without_image": 1000,
        "rows_repeated": 3,
    }
    summary = {**summary_with({}, "stored", "srgb"), "retry": 2, "tables": {"columns": joined}, "duplicates": 4}
    assert list(summary_lines(summary, [], "out"))[1:-2] == [
        "failed, to be retried by the next run: 2",
        "--columns: images with a row: 7, without: 2; rows: 1,010, without an image: 1,000, with a repeated key: 3",
        "duplicates of an earlier file: 4",
    ]


def test_a_summary_without_notes_has_three_lines() -> None:
    assert list(summary_lines(summary_with({}, "stored", "srgb"), [], "out")) == [
        "9 images matched: 9 written, 0 failed, 0 skipped",
        "input: 2 MB; output: 512 px 1 MB (50.0 %)",
        "OUT: out",
    ]


def test_small_outputs_are_given_in_kilobytes() -> None:
    outputs = {"32": {"images": 9, "bytes": 950}, "512": {"images": 9, "bytes": 37_000}}
    summary = {**summary_with({}, "stored", "srgb"), "source_bytes": 1_234_567, "outputs": outputs}
    assert (
        list(summary_lines(summary, [], "out"))[1]
        == "input: 1.23 MB; output: 512 px 37 KB (3.0 %), 32 px 950 B (0.1 %)"
    )


def test_the_first_failures_are_named() -> None:
    summary = summary_with({}, "stored", "srgb")
    summary |= {"images": {"matched": 9, "written": 4, "failed": 5, "skipped": 0}, "failures": {"truncated": 5}}
    failures = [{"source": f"a/{number}.jpg", "error": "truncated", "message": "it ends early"} for number in range(3)]
    assert list(summary_lines(summary, failures, "out"))[:6] == [
        "9 images matched: 4 written, 5 failed, 0 skipped",
        "failed: 5 truncated",
        "  'a/0.jpg': truncated: it ends early",
        "  'a/1.jpg': truncated: it ends early",
        "  'a/2.jpg': truncated: it ends early",
        "  2 more: out/failures-*.jsonl",
    ]
