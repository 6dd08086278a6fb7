"""Tar archives that WebDataset readers stream: key.jpg and key.json a sample, and with a label key.cls.

The same images give the same bytes: fixed time, owner and mode, members in the order of their keys.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence

from transforms.layouts.archive import archive_layout, member_name, plain_sample
from transforms.model.json_lines import json_line
from transforms.model.records import LABEL, NO_COLUMNS, Columns, ManifestRow, OutputImage


def archive(path: str, images: Sequence[OutputImage], columns: Columns) -> bytes:
    """The tar archive at `path` that holds `images`."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for image in images:
            _add(tar, member_name(path, image), image.file.data)
            _add(tar, f"{image.name}.json", sample_json(image.row, columns))
            if (label := image.row.columns.get(LABEL)) is not None:
                _add(tar, f"{image.name}.cls", str(label).encode())
    return body.getvalue()


def sample_json(row: ManifestRow, columns: Columns = NO_COLUMNS) -> bytes:
    """What a sample tells of itself, as JSON. Loaders read no number beyond int64 in it: uint64 are text."""
    return json_line(plain_sample(row, columns)).rstrip()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # its owner, time and mode are 0, 0 and 0o644
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


LAYOUT = archive_layout("tar", archive)
