"""Outputs that a test makes up."""

from transforms.layouts import LAYOUTS
from transforms.model.records import ManifestRow, OutputImage, Shard, StoredFile

SHARD = Shard("train", 12, 1743)


def output(layout: str, key: str, size: int, data: bytes, folder: str = "", extension: str = "jpg") -> OutputImage:
    """An output of 2 x 1 pixels, as a layout is given it."""
    made = LAYOUTS[layout]
    name = made.name_of(key, extension)
    path = made.image_path(SHARD, folder, name, extension)
    known = (key, f"{key}.jpeg", 9, "aa", "JPEG", "RGB", 4, 3, size, path, 2, 1, len(data), "bb")
    row = ManifestRow(*known, orientation=1, source_box=(0.0, 0.0, 4.0, 3.0), output_box=(0, 0, 2, 1), status="written")
    return OutputImage(row, name, StoredFile(path, data, "bb"))


# What is told of an image, beside its pixels.
SAMPLE = {
    "key": "a.x",
    "source": "a.x.jpeg",
    "source_bytes": 9,
    "source_sha256": "aa",
    "source_format": "JPEG",
    "source_mode": "RGB",
    "source_width": 4,
    "source_height": 3,
    "size": 64,
    "width": 2,
    "height": 1,
    "bytes": 3,
    "sha256": "bb",
    "orientation": 1,
    "source_box": [0, 0, 4, 3],
    "output_box": [0, 0, 2, 1],
    "notes": [],
}
