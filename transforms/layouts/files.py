"""The source's tree again: one file an image.

OUT/<relative/path>.jpg         one size
OUT/512/<relative/path>.jpg     several
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transforms.elements import OutputImage, Shard, StoredFile
from transforms.layouts.layout import Layout

# The longest name that common file systems take, in bytes.
_LONGEST_NAME = 255


def _name_of(key: str, extension: str) -> str:
    return f"{key}.{extension}"


def _image_path(_shard: Shard, folder: str, name: str, _extension: str) -> str:
    return folder + name


def _pack(_shard: Shard, _folders: Sequence[str], images: Sequence[OutputImage]) -> Iterator[StoredFile]:
    for image in images:
        yield image.file


LAYOUT = Layout(images_per_shard=100, name_of=_name_of, image_path=_image_path, pack=_pack, longest_name=_LONGEST_NAME)
