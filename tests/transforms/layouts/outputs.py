"""Sample outputs for tests of layouts."""

from transforms.layouts import LAYOUTS
from transforms.model.records import ManifestRow, OutputImage, Shard, StoredFile

SHARD = Shard("train", 12, 1743)


def output(layout: str, key: str, size: int, data: bytes, folder: str = "", extension: str = "jpg") -> OutputImage:
    """Return an output of 2 x 1 pixels, as a layout packs it."""
    name = LAYOUTS[layout].name_of(key, extension)
    path = LAYOUTS[layout].image_path(SHARD, folder, name, extension)
    values = (key, f"{key}.jpeg", 9, "aa", "JPEG", "RGB", 4, 3, size, path, 2, 1, len(data), "bb")
    row = ManifestRow(
        *values, orientation=1, source_box=(0.0, 0.0, 4.0, 3.0), output_box=(0, 0, 2, 1), status="written"
    )
    return OutputImage(row, name, StoredFile(path, data, "bb"))


# The record of a sample with key "a.x" and size 64.
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
