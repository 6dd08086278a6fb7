"""Resize with OpenCV in a process pool: decode at the smallest sufficient scale, then average areas."""

from __future__ import annotations

import sys

import cv2
from PIL import Image

from benchmarks.peers.spread import in_processes

# Factor by which both sides are reduced -> the flag to decode at that scale.
_FLAGS = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}


def resize(source: str, target: str, size: int) -> None:
    """Resize one file. Read its dimensions with Pillow, since OpenCV cannot do so without decoding."""
    cv2.setNumThreads(1)
    with Image.open(source) as header:
        width, height = header.size
    longest = max(width, height)
    flag = next((flag for times, flag in _FLAGS.items() if longest >= times * size), cv2.IMREAD_COLOR)
    image = cv2.imread(source, flag)
    dimensions = (max(1, round(width * size / longest)), max(1, round(height * size / longest)))
    if dimensions != (image.shape[1], image.shape[0]):
        image = cv2.resize(image, dimensions, interpolation=cv2.INTER_AREA)
    cv2.imwrite(target, image, [cv2.IMWRITE_JPEG_QUALITY, 75] if target.endswith("jpg") else [])


if __name__ == "__main__":
    in_processes(resize, *sys.argv[1:])
