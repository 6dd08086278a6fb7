from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes
from tests.transforms.imaging.files import bmp
from transforms.imaging.geometry import Target
from transforms.imaging.memory import memory_needed
from transforms.imaging.opening import open_image


@pytest.mark.parametrize(
    ("mode", "image_format", "parameters", "expected"),
    [
        ("RGB", "JPEG", {}, 4),
        ("RGB", "JPEG", {"progressive": True}, 4 + 3),
        ("RGB", "JPEG", {"progressive": True, "subsampling": 0}, 4 + 6),
        ("RGB", "JPEG", {"progressive": True, "subsampling": 1}, 4 + 4),
        ("L", "JPEG", {"progressive": True}, 1 + 2),
        ("CMYK", "JPEG", {}, 8),
        ("L", "PNG", {}, 1),
        ("RGBA", "PNG", {}, 16),
        ("RGB", "WEBP", {}, 4 + 13),
        ("RGB", "QOI", {}, 4 + 4 * 3),
        ("RGBA", "QOI", {}, 16 + 4 * 4),
        ("RGB", "PPM", {}, 4),
    ],
)
def test_memory_needed(mode: str, image_format: str, parameters: dict[str, Any], expected: int) -> None:
    image = open_image(image_bytes(Image.new(mode, (100, 100)), image_format, **parameters)).image
    target = Target(50, 50, 20, (0, 0, 100, 40), (0, 0, 50, 20))
    half_resized = 50 * 100 * 4  # resized horizontally, but not yet vertically
    assert memory_needed(image, (100, 100), target, "jpg") == 100 * 100 * expected + half_resized + 50 * 20 * 4
    assert memory_needed(image, (100, 100), target, "avif") == 100 * 100 * expected + half_resized + 50 * 20 * 16


@pytest.mark.parametrize(
    ("text", "samples", "expected"),
    [
        ("P1", "1 ", 2 + 4 + 128),
        ("P2 255", "9 ", 1 + 4 + 128),
        ("P2 65535", "9 ", 16 + 4 * 4 + 128),
        ("P3 255", "1 2 3 ", 4 + 3 * (4 + 128)),
    ],
)
def test_memory_needed_for_a_ppm_written_as_text(text: str, samples: str, expected: int) -> None:
    kind, *maximum = text.split()
    image = open_image("\n".join([kind, "100 100", *maximum, samples * 10_000]).encode()).image
    assert memory_needed(image, (100, 100), None, "jpg") == 100 * 100 * expected


def test_a_ppm_written_as_text_is_read_in_pieces() -> None:
    image = open_image(b"P2 1000 1000 255\n" + b"9 " * 1_000_000).image
    assert memory_needed(image, (1000, 1000), None, "jpg") == 1_000_000 * (1 + 4) + (1 << 19) * 128


def test_memory_needed_for_a_ppm_of_another_range() -> None:
    image = open_image(b"P6 100 100 200\n" + bytes(30_000)).image  # Pillow scales each sample in Python
    assert memory_needed(image, (100, 100), None, "jpg") == 100 * 100 * (4 + 4 * 3)


def test_memory_needed_for_a_bitmap_with_run_lengths() -> None:
    image = open_image(bmp(8, 1, bytes(1024))).image
    assert memory_needed(image, image.size, None, "bmp") == image.width * image.height * (5 + 4)
