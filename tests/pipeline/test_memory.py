"""Large images and many threads stay within --memory, measured over all processes of a run."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.support import ROOT, image_bytes, rows, summary, write_tree
from tests.support.memory import memory_of_tree

pytestmark = pytest.mark.slow

MB = 1_000_000


def peak(source: Path, out: Path, *flags: object) -> int:
    """Run the command, and return the peak memory in bytes of the command and its worker processes together.

    Memory that processes share, such as libraries, is counted once for each process.
    """
    command = [sys.executable, str(ROOT / "image_resizer.py"), "-i", str(source), "-o", str(out), *map(str, flags)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        most = 0
        while process.poll() is None:
            most = max(most, sum(memory_of_tree(process.pid).values()))
            time.sleep(0.005)
    assert process.returncode == 0
    return most


@pytest.fixture(scope="module")
def large_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with twelve images of 16 megapixels. Decoding each takes 112 to 272 MB."""
    size = (4000, 4000)
    gray = Image.linear_gradient("L").resize(size)
    color = Image.merge("RGB", (gray, gray.transpose(Image.Transpose.ROTATE_90), gray))
    transparent = color.copy()
    transparent.putalpha(gray)
    kinds = {
        "transparent.png": image_bytes(transparent, "PNG", compress_level=1),
        "progressive.jpg": image_bytes(color, "JPEG", progressive=True),
        "deep.tif": image_bytes(gray.convert("I;16"), "TIFF"),
    }
    files = {f"{number}-{name}": data for number in range(4) for name, data in kinds.items()}
    return write_tree(tmp_path_factory.mktemp("large"), files)


def test_the_peak_stays_within_the_budget(large_images: Path, tmp_path: Path) -> None:
    tiny = image_bytes(Image.new("RGB", (9, 9)), "PNG")
    small = write_tree(tmp_path / "small", {f"{number}.png": tiny for number in range(24)})
    flags = ("-s", 64, "-ext", "jpg", "--exact", "-j", 12, "--memory", "600M")
    idle = peak(small, tmp_path / "idle", *flags)
    source_bytes = sum(path.stat().st_size for path in large_images.iterdir())
    used = peak(large_images, tmp_path / "out", *flags) - idle
    assert summary(tmp_path / "out")["images"] == {"matched": 12, "written": 12, "failed": 0, "skipped": 0}
    assert used < 629 * MB + source_bytes + 40 * MB  # 2.3 GB without a budget


def test_an_image_that_exceeds_the_budget_alone_fails(large_images: Path, tmp_path: Path) -> None:
    peak(large_images, tmp_path / "out", "-s", 64, "-ext", "jpg", "--exact", "--memory", "150M")
    failures = rows(tmp_path / "out", "failures")
    assert {(row["source"].split("-")[1], row["error"]) for row in failures} == {
        ("transparent.png", "too-large"),
        ("deep.tif", "too-large"),
    }
    assert {row["message"] for row in failures if "deep" in row["source"]} == {
        "decoding needs 193 MB, more than the whole memory budget: raise --memory"
    }
    assert summary(tmp_path / "out")["images"] == {"matched": 12, "written": 4, "failed": 8, "skipped": 0}
