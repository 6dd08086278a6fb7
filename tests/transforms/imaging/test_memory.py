from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes
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
        ("RGB", "QOI", {}, 4 + 12),
    ],
)
def test_memory_needed(mode: str, image_format: str, parameters: dict[str, Any], expected: int) -> None:
    image = open_image(image_bytes(Image.new(mode, (100, 100)), image_format, **parameters)).image
    target = Target(50, 50, 20, (0, 0, 100, 40), (0, 0, 50, 20))
    half_resized = 50 * 100 * 4  # resized horizontally, but not yet vertically
    assert memory_needed(image, (100, 100), target, "jpg") == 100 * 100 * expected + half_resized + 50 * 20 * 4
    assert memory_needed(image, (100, 100), target, "avif") == 100 * 100 * expected + half_resized + 50 * 20 * 16
