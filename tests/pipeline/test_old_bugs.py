"""Bugs of the first image_resizer.py that this one does not have."""

import struct
from pathlib import Path

import pytest
from PIL import Image

from tests.pipeline.conftest import Make
from tests.support import image_bytes, jpeg, rows, summary, write_tree

pytestmark = pytest.mark.slow


def resized(make: Make, tmp_path: Path, data: bytes, *flags: object) -> Image.Image:
    source = write_tree(tmp_path / "in", {"a.png": data})
    make("-i", source, "-o", tmp_path / "out", "-ext", "png", *flags)
    return Image.open(tmp_path / "out" / "a.png")


def test_a_thin_image_keeps_a_side_of_one_pixel(make: Make, tmp_path: Path) -> None:
    assert resized(make, tmp_path, image_bytes(Image.new("RGB", (3000, 4)), "PNG")).size == (512, 1)


def test_there_may_be_fewer_files_than_workers(make: Make, tmp_path: Path) -> None:
    assert resized(make, tmp_path, jpeg(1, (9, 9)), "-j", 16, "-s", 8).size == (8, 8)


def test_an_unknown_algorithm_is_refused(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (9, 9))})
    assert make("-i", source, "-o", tmp_path / "out", "-a", "best", expect=2) == [
        "image_resizer: --algorithm 'best' is not one of lanczos, nearest, bilinear, bicubic, box, hamming: choose one"
    ]


def test_a_decompression_bomb_fails_alone(make: Make, tmp_path: Path) -> None:
    bomb = b"P6 30000 30000 255\n" + bytes(30)
    files = {f"p{number}.jpg": jpeg(number, (30, 20)) for number in range(6)}
    source = write_tree(tmp_path / "in", {"bomb.ppm": bomb, **files})
    make("-i", source, "-o", tmp_path / "out", "-s", 16, "-ext", "jpg")
    assert summary(tmp_path / "out")["images"] == {"matched": 7, "written": 6, "failed": 1, "skipped": 0}
    assert [(row["source"], row["error"]) for row in rows(tmp_path / "out", "failures")] == [
        ("bomb.ppm", "too-many-pixels")
    ]


def test_16_bit_images_keep_their_levels(make: Make, tmp_path: Path) -> None:
    ramp = Image.frombytes("I;16", (256, 1), struct.pack("<256H", *range(0, 65536, 257)))
    made = resized(make, tmp_path, image_bytes(ramp, "PNG"), "-s", 256, "--exact")
    assert [made.getpixel((x, 0)) for x in range(256)] == [(x, x, x) for x in range(256)]


def test_a_transparent_image_does_not_show_its_hidden_color(make: Make, tmp_path: Path) -> None:
    made = resized(make, tmp_path, image_bytes(Image.new("RGBA", (20, 20), (255, 0, 0, 0)), "PNG"), "-s", 10)
    assert made.getpixel((5, 5)) == (255, 255, 255)


def test_sub_folders_are_resized(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"x/y/a.jpg": jpeg(1, (9, 9)), "x/b.jpg": jpeg(2, (9, 9))})
    make("-i", source, "-o", tmp_path / "out", "-s", 8)
    assert (tmp_path / "out" / "x" / "y" / "a.jpg").is_file()
    assert (tmp_path / "out" / "x" / "b.jpg").is_file()


def test_a_dropped_orientation_or_profile_is_reported(make: Make, tmp_path: Path) -> None:
    tagged = {"turned.jpg": (6, b""), "profile.jpg": (1, b"icc"), "both.jpg": (3, b"icc")}
    source = tmp_path / "in"
    for name, (orientation, profile) in tagged.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        write_tree(source, {name: jpeg(1, (40, 20), exif=exif, icc_profile=profile)})
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 20, "--orientation", "stored")
    for name in tagged:
        assert Image.open(tmp_path / "out" / name).size == (20, 10)
    assert "orientation in EXIF or XMP, not applied: 2" in shown
    assert "color profile, left out: 2" in shown

    turned = make("-i", source, "-o", tmp_path / "turned", "-s", 20)
    for name in tagged:
        assert Image.open(tmp_path / "turned" / name).size == ((10, 20) if name == "turned.jpg" else (20, 10))
    assert "orientation in EXIF or XMP, applied: 2" in turned
    manifest = {row["source"]: row for row in rows(tmp_path / "turned", "manifest")}
    assert {name: row["orientation"] for name, row in manifest.items()} == {
        name: tag for name, (tag, _) in tagged.items()
    }
