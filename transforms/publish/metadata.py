"""metadata.jsonl, as Hugging Face's imagefolder reads it: https://huggingface.co/docs/datasets/image_dataset."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from transforms.elements import ManifestRow, json_line


def metadata_line(row: Mapping[str, Any], path: str) -> bytes | None:
    """The line of a row of the manifest; None where no image was written.

    Args:
        row: with its further columns.
        path: of metadata.jsonl below OUT.
    """
    if row["status"] != "written":
        return None
    columns = {name: value for name, value in row.items() if name not in ManifestRow._fields and value is not None}
    return json_line({"file_name": posixpath.relpath(row["path"], posixpath.dirname(path) or "."), **columns})
