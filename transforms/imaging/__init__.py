"""The pure core: encoded image in, smaller encoded images out. Needs Pillow and the standard library.

The names below are the public interface, documented in docs/python.md; import them from here.
"""

from transforms.imaging.boxes import map_box
from transforms.imaging.decode import ImageHeader
from transforms.imaging.errors import ImageError, Kind, Note, Skip, SkippedError, Stage
from transforms.imaging.resize import Encoded, ImageResult, process_image
from transforms.imaging.spec import ResizeSpec, SettingError

__all__ = [
    "Encoded",
    "ImageError",
    "ImageHeader",
    "ImageResult",
    "Kind",
    "Note",
    "ResizeSpec",
    "SettingError",
    "Skip",
    "SkippedError",
    "Stage",
    "map_box",
    "process_image",
]
