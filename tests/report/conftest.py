"""Datasets with a report, and a browser that shows it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import Chrome

from tests.report.browser import browser
from tests.support import image_bytes, jpeg, write_tree
from tests.support.here import run_here

# Names that contain markup, end an attribute, change the direction of text, break a line, or are not Unicode.
HOSTILE = (
    *("<script>alert(1)<script>.jpg", "'\"&.jpg", "\u202egpj.jpg", "a\nb.jpg"),
    *(os.fsdecode(b"\xff.jpg"), f"{'w' * 251}.jpg"),
)


@pytest.fixture(scope="package")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a dataset of two splits and two sizes, with failures, a skipped image and an ignored file."""
    folder = tmp_path_factory.mktemp("report")
    broken = {f"{name[:99]}.png": b"no image" for name in HOSTILE}
    rest = {"cut.jpg": jpeg(1, (500, 500))[:-500], "thin.jpg": jpeg(2, (9, 90)), "x.txt": b""}
    images = {name: jpeg(seed, (300 + 40 * seed, 200)) for seed, name in enumerate(HOSTILE)}
    train, validation = write_tree(folder / "train", images), write_tree(folder / "val", {**broken, **rest})
    done = run_here("-i", train, validation, "-o", folder / "out", "-s", 128, 64, "-ext", "jpg", "--min_side", 20)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="package")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a dataset of one size in archives, with classes, duplicates, a blank image, and two runs."""
    folder = tmp_path_factory.mktemp("classes")
    photos = {f"{name}/{seed}.jpg": jpeg(seed % 5, (300, 240)) for seed in range(8) for name in ("cat", "dog #1?%")}
    blank = {
        "cat/blank.png": image_bytes(Image.new("RGB", (400, 300), "white"), "PNG"),
        "dog #1?%/s.jpg": jpeg(9, (9, 6)),
    }
    source = write_tree(folder / "in", photos | blank)
    args = ("-i", source, "-o", folder / "out", "-s", 96, "--label_from", "folder", "--layout", "webdataset")
    assert run_here(*args, "--fit", "crop").returncode == 0
    write_tree(source, {"cat/new.jpg": jpeg(20, (200, 200))})
    assert run_here(*args, "--fit", "crop").returncode == 0
    return folder / "out"


@pytest.fixture(scope="package")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a dataset without any written image."""
    folder = tmp_path_factory.mktemp("failed")
    write_tree(folder / "in", {"a.jpg": b"no image", "b.jpg": jpeg(1, (200, 100))[:-900], "c.jpg": b""})
    assert run_here("-i", folder / "in", "-o", folder / "out").returncode == 0
    return folder / "out"


@pytest.fixture(scope="package")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver
