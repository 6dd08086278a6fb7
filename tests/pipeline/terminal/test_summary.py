"""The last lines of a run."""

from typing import Any

import pytest

from pipeline.terminal.summary import lines
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
def test_every_note_is_said(orientation: str, color: str) -> None:
    told = list(lines(summary_with({note.value: 1234 for note in Note}, orientation, color), "out"))
    assert told[1:-2] == [
        f"1,234 with an EXIF orientation, {'kept as stored' if orientation == 'stored' else 'turned as it says'}",
        f"1,234 with a colour profile, {'converted to sRGB' if color == 'srgb' else 'which is left out'}",
        "1,234 of them with a profile that is broken or of other pixels: their numbers stay",
        "1,234 with a transparent colour of 16 bits, which is ignored",
        "1,234 with floats below 0 or above 1, which are cut off",
        "1,234 end early, and are made all the same",
        "1,234 could not be checked by --check_jpeg",
    ]


def test_other_files_and_system_files_are_told_apart() -> None:
    found = {**summary_with({}, "stored", "srgb"), "not_images": {"": 1, ".heic": 3}, "system_files": 1234}
    assert list(lines(found, "out"))[1:3] == [
        "other files, passed over: 3 .heic, 1 (no extension)",
        "system files, never tried (__MACOSX, ._*, Thumbs.db and the like): 1,234",
    ]


def test_without_notes() -> None:
    assert list(lines(summary_with({}, "stored", "srgb"), "out")) == [
        "9 images matched: 9 written, 0 failed, 0 skipped",
        "2.0 MB in, 512 px 1.0 MB (50.0 %) out",
        "manifest: out/manifest-*.jsonl, failures: out/failures-*.jsonl",
    ]
