"""Artificial rows of a manifest."""

from __future__ import annotations

from typing import Any

from tests.support import Row, sha256


def written(source: str, content: str = "", size: int = 512, **fields: Any) -> Row:
    """Return the row of a source of 1024 x 768 pixels that was written at 512 x 384.

    Args:
        source: the name of the source.
        content: the content of its file; "" to use the name.
        size: the size of the output.
        fields: fields that differ.
    """
    return {
        "key": source.rpartition(".")[0],
        "source": source,
        "source_bytes": 200_000,
        "source_sha256": sha256((content or source).encode()),
        "source_format": "JPEG",
        "source_mode": "RGB",
        "source_width": 1024,
        "source_height": 768,
        "size": size,
        "path": source,
        "width": 512,
        "height": 384,
        "bytes": 30_000,
        "orientation": 1,
        "source_box": [0.0, 0.0, 1024.0, 768.0],
        "output_box": [0, 0, 512, 384],
        "status": "written",
        **fields,
    }
