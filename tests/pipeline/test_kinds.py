"""Images of every kind, and their entries in the manifest and the summary."""

import struct
from pathlib import Path

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg, rows, summary, write_tree
from tests.support.here import run_here
from tests.transforms.imaging.files import png, png_rows, tiff

pytestmark = pytest.mark.slow


def write_kinds(folder: Path) -> Path:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = jpeg(1, (120, 80))
    return write_tree(
        folder,
        {
            "cut.jpg": photo[:-1500],
            "deep.tif": tiff(2, struct.pack("<2H", 0, 65_535), 16),
            "float.tif": tiff(4, struct.pack("<4f", 0.0, 0.5, 1.0, 2.0), 32, sample_format=3),
            "elevation.tif": tiff(2, struct.pack("<2f", 500.0, 3000.0), 32, sample_format=3),
            "turned.jpg": jpeg(2, (60, 40), exif=exif),
            "profile.png": image_bytes(Image.new("RGB", (9, 9)), "PNG", icc_profile=b"no profile"),
            "hidden.png": png((1, 1), (b"tRNS", bytes(6)), png_rows(bytes(6)), bits=16),
        },
    )


def test_the_manifest_has_notes_and_reasons(tmp_path: Path) -> None:
    done = run_here(
        "-i", write_kinds(tmp_path / "in"), "-o", tmp_path / "out", "-s", 32, "-ext", "png", "--color", "srgb"
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    manifest = {
        row["source"]: (row["status"], row["reason"], row["notes"]) for row in rows(tmp_path / "out", "manifest")
    }
    assert manifest == {
        "cut.jpg": ("failed", "truncated", []),
        "deep.tif": ("written", None, []),
        "float.tif": ("written", None, ["float-clipped"]),
        "elevation.tif": ("failed", "unsupported-depth", []),
        "turned.jpg": ("written", None, ["exif-orientation"]),
        "profile.png": ("written", None, ["icc-profile", "icc-unusable"]),
        "hidden.png": ("written", None, ["transparency-ignored"]),
    }
    assert "color profile broken or for another kind of pixels, pixel values kept: 1" in done.stderr


def test_flags_accept_what_fails_by_default(tmp_path: Path) -> None:
    flags = ("--truncated", "accept", "--depth_range", "auto", "--orientation", "exif", "--mode", "L")
    done = run_here("-i", write_kinds(tmp_path / "in"), "-o", tmp_path / "out", "-s", 32, "-ext", "png", *flags)
    assert done.returncode == 0
    written = {row["source"]: row for row in rows(tmp_path / "out", "manifest") if row["status"] == "written"}
    assert len(written) == 7
    assert written["cut.jpg"]["notes"] == ["truncated"]
    assert (written["turned.jpg"]["width"], written["turned.jpg"]["height"]) == (21, 32)
    images = {source: Image.open(tmp_path / "out" / row["path"]) for source, row in written.items()}
    assert {image.mode for image in images.values()} == {"L"}
    assert images["elevation.tif"].getextrema() == (0, 255)
    assert summary(tmp_path / "out")["notes"] == {
        "exif-orientation": 1,
        "icc-profile": 1,
        "transparency-ignored": 1,
        "truncated": 1,
    }


def test_the_extra_is_used_and_is_part_of_the_settings(tmp_path: Path) -> None:
    photo = jpeg(1, (120, 80))
    damaged = photo[: len(photo) // 2] + photo[len(photo) // 2 + 300 :]
    source = write_tree(tmp_path / "in", {"whole.jpg": photo, "damaged.jpg": damaged})
    flags = ("-s", 32, "--check_jpeg")
    assert run_here("-i", source, "-o", tmp_path / "out", *flags).returncode == 0
    assert {row["source"]: row["status"] for row in rows(tmp_path / "out", "manifest")} == {
        "whole.jpg": "written",
        "damaged.jpg": "failed",
    }
    settings = summary(tmp_path / "out")["settings"]
    assert "simplejpeg" in settings["versions"]
    again = run_here("-i", source, "-o", tmp_path / "out", "-s", 32)
    assert again.returncode == 2
    assert "made with --check_jpeg, but this run is without --check_jpeg" in again.stderr
