"""A lossless JPEG in every part of the program that decodes. A DCT JPEG of its size would be scaled on decoding."""

import base64
import io
from pathlib import Path

import imagecodecs
import numpy
import pytest
from PIL import Image

from pipeline.report.decoder import thumbnail
from pipeline.run import main
from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, run, write_tree

pytestmark = pytest.mark.slow

GRADIENT = numpy.add.outer(numpy.arange(1500), numpy.arange(2000)) * 255 // 3500
LOSSLESS = bytes(imagecodecs.jpeg8_encode(GRADIENT.astype(numpy.uint8), lossless=True))


def test_the_report_shows_it() -> None:
    shown = thumbnail(LOSSLESS, 256, is_output=False)
    assert (shown.width, shown.height, shown.missing) == (256, 192, "")
    image = Image.open(io.BytesIO(base64.b64decode(shown.uri.partition(",")[2])))
    assert [image.convert("L").getpixel(place) for place in ((0, 0), (255, 191))] == pytest.approx([0, 254], abs=4)


@pytest.mark.parametrize("flags", [[], ["--check_jpeg"], ["--mode", "L"], ["--exact"], ["--truncated", "accept"]])
def test_it_is_resized(make: Make, tmp_path: Path, flags: list[str]) -> None:
    files = {f"p{number}.jpg": jpeg(number, (900, 700)) for number in range(4)}
    folder = write_tree(tmp_path / "in", files | {"lossless.jpg": LOSSLESS})
    make("-i", folder, "-o", tmp_path / "out", "-s", "64", "-ext", "png", *flags)
    assert [row["status"] for row in rows(tmp_path / "out", "manifest")] == ["written"] * 5
    made = Image.open(tmp_path / "out" / "lossless.png").convert("L")
    assert made.size == (64, 48)
    assert [made.getpixel(place) for place in ((0, 0), (63, 47))] == pytest.approx([1, 253], abs=4)


def test_a_first_run_over_60_images_and_it(tmp_path: Path) -> None:
    files = {f"p{number:02d}.jpg": jpeg(number, (300, 200)) for number in range(60)}
    folder = write_tree(tmp_path / "in", files | {"lossless.jpg": LOSSLESS})
    process = run("-i", folder, "-o", tmp_path / "out", "-s", 32, "-ext", "png")
    assert process.returncode == 0, process.stderr
    assert [row["status"] for row in rows(tmp_path / "out", "manifest")] == ["written"] * 61


def test_it_is_part_of_an_estimate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_tree(tmp_path / "in", {"lossless.jpg": LOSSLESS})
    code = main(["-i", str(folder), "-o", str(tmp_path / "out"), "-s", "64", "--estimate"])
    shown = capsys.readouterr().out
    assert code == 0
    assert shown.endswith("Nothing was written.\n")
    assert "1 image" in shown
