"""Messages of libtiff appear in the error of the right image, and never on the terminal."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import ROOT
from tests.transforms.imaging.files import tiff_of
from transforms.imaging import libtiff
from transforms.imaging.errors import ImageError
from transforms.imaging.resize import process_image
from transforms.imaging.spec import ResizeSpec

pytestmark = pytest.mark.skipif(not libtiff.is_collected(), reason="Pillow's libtiff cannot be reached here")

WEBP, ZSTD, LZW = (tiff_of({259: value}) for value in (50001, 50000, 5))


def message(data: bytes) -> str:
    output = process_image(data, ResizeSpec(sizes=(8,), extension="png")).outputs[8]
    assert isinstance(output, ImageError)
    return output.message


def test_libtiffs_message_becomes_part_of_the_error() -> None:
    assert message(ZSTD) == (
        "the pixels cannot be decoded (libtiff: Error in ZSTD_decompressStream(): Unknown frame descriptor)"
    )
    assert "WebP inside is not supported (libtiff: WEBP compression support is not configured): convert" in message(
        WEBP
    )


def test_each_thread_collects_the_messages_of_its_own_image() -> None:
    expected = {data: message(data) for data in (WEBP, ZSTD, LZW)}
    assert len(set(expected.values())) == 3
    barrier = threading.Barrier(3)

    def work(data: bytes) -> set[str]:
        barrier.wait()
        return {message(data) for _ in range(200)}

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(work, expected)) == [{text} for text in expected.values()]


def test_nothing_reaches_the_terminal() -> None:
    code = (
        "from transforms.imaging import ResizeSpec, process_image\n"
        f"for data in {[WEBP, ZSTD, LZW]!r}: print(process_image(data, ResizeSpec(extension='png')).outputs[512].kind)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (process.stdout.split(), process.stderr) == (["unsupported-coding", "damaged", "damaged"], "")
