"""Tar archives that WebDataset readers stream: key.jpg and key.json a sample, one archive a shard and size.

    OUT/[512/]train-00012-of-01743.tar

The same images give the same bytes: fixed time, owner and mode, members in the order of their keys.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator, Sequence

from transforms.elements import ManifestRow, OutputImage, Shard, StoredFile, json_line
from transforms.imaging.naming import archive_key
from transforms.layouts.layout import Layout

# What a sample's JSON repeats of its row. All of these are known of every image that was written.
_SAMPLE_FIELDS = (
    *("key", "source", "source_bytes", "source_sha256", "source_format", "source_mode"),
    *("source_width", "source_height", "size", "width", "height", "bytes", "sha256"),
    *("orientation", "source_box", "output_box", "notes"),
)


def _name_of(key: str, _extension: str) -> str:
    return archive_key(key)


def _archive_path(shard: Shard, folder: str) -> str:
    return f"{folder}{shard.name}.tar"


def _image_path(shard: Shard, folder: str, name: str, extension: str) -> str:
    return f"{_archive_path(shard, folder)}/{name}.{extension}"


def _problem_of(_path: str) -> None:
    """An archive takes any name."""


def _pack(shard: Shard, folders: Sequence[str], images: Sequence[OutputImage]) -> Iterator[StoredFile]:
    for folder in folders:
        path = _archive_path(shard, folder)
        members = [image for image in images if image.file.path.startswith(f"{path}/")]
        data = archive(path, members)
        yield StoredFile(path, data, hashlib.sha256(data).hexdigest())


def archive(path: str, images: Sequence[OutputImage]) -> bytes:
    """The tar archive at `path` that holds `images`, sorted by their names."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for image in sorted(images, key=lambda image: image.name):
            _add(tar, image.file.path.removeprefix(f"{path}/"), image.file.data)
            _add(tar, f"{image.name}.json", sample_json(image.row))
    return body.getvalue()


def sample_json(row: ManifestRow) -> bytes:
    """What a sample tells of itself: the same keys, of the same types, in every sample."""
    values = row._asdict()
    return json_line({field: values[field] for field in _SAMPLE_FIELDS}).rstrip()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # its owner, time and mode are 0, 0 and 0o644
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


LAYOUT = Layout(
    keeps_tree=False,
    images_per_shard=1000,
    name_of=_name_of,
    image_path=_image_path,
    problem_of=_problem_of,
    pack=_pack,
)
