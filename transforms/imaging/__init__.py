"""The pure core: an encoded image in, smaller encoded images out. It needs Pillow and the standard library.

The names below are the public interface, documented in docs/python.md. Import them from here.
"""

from transforms.imaging.boxes import map_box
from transforms.imaging.errors import ImageError, Kind, Note, PillowVersionError, Skip, SkippedError, Stage
from transforms.imaging.header import ImageHeader
from transforms.imaging.resize import Encoded, ImageResult, process_image
from transforms.imaging.spec import ResizeSpec, SettingError

__all__ = [
    "Encoded",
    "ImageError",
    "ImageHeader",
    "ImageResult",
    "Kind",
    "Note",
    "PillowVersionError",
    "ResizeSpec",
    "SettingError",
    "Skip",
    "SkippedError",
    "Stage",
    "map_box",
    "process_image",
]
