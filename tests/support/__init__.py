"""Helpers for tests and benchmarks: generated images, reference resizing with Pillow alone, and dataset readers.

This module needs only Pillow and the standard library, since `make resize` generates photographs with the package.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from tests.support.photos import photo

ROOT = Path(__file__).parent.parent.parent

Row = dict[str, Any]


def image_bytes(image: Image.Image, image_format: str, **parameters: Any) -> bytes:
    """Encode an image."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **parameters)
    return buffer.getvalue()


def jpeg(seed: int, size: tuple[int, int], **parameters: Any) -> bytes:
    """Return a photograph-like JPEG."""
    return image_bytes(photo(seed, size), "JPEG", **parameters)


def write_tree(folder: Path, files: dict[str, bytes]) -> Path:
    """Write each file at its path below `folder`, and return `folder`."""
    paths = {folder / name: data for name, data in files.items()}
    for parent in dict.fromkeys(path.parent for path in paths):
        parent.mkdir(parents=True, exist_ok=True)
    for path, data in paths.items():
        path.write_bytes(data)
    return folder


def photo_tree(folder: Path, count: int, size: tuple[int, int] = (120, 80)) -> Path:
    """Write `count` JPEGs, every third one to a subfolder, and return `folder`."""
    names = [f"{'deep/er/' if seed % 3 == 2 else ''}p{seed:03d}.jpg" for seed in range(count)]
    return write_tree(folder, {name: jpeg(seed, size) for seed, name in enumerate(names)})


def plain_resize(data: bytes, size: int, image_format: str = "JPEG", gap: float | None = None) -> tuple[bytes, Any]:
    """Resize with Pillow alone, and return the encoded image and its (width, height).

    Args:
        data: the source file.
        size: the longest side of the result.
        image_format: Pillow's name of the output format.
        gap: if not None, decode a JPEG at a reduced scale that is at least this many times the target.
    """
    image = Image.open(io.BytesIO(data))
    width, height = image.size
    scale = size / max(width, height)
    target = (size, max(1, int(height * scale))) if width >= height else (max(1, int(width * scale)), size)
    box = None
    if gap and image.format == "JPEG":
        drafted = image.draft("RGB", (-int(-target[0] * gap // 1), -int(-target[1] * gap // 1)))
        box = drafted[1] if drafted else None
    resized = image.convert("RGB").resize(target, Image.Resampling.LANCZOS, box=box)
    return image_bytes(Image.frombytes("RGB", target, resized.tobytes()), image_format), target


def run(*args: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a separate process."""
    command = [sys.executable, str(ROOT / "image_resizer.py"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def snapshot(out: Path) -> dict[str, bytes]:
    """Return path -> content of all files, except for the state and the report, which differ each time."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not str(path.relative_to(out)).startswith((".run", "report.html"))
    }


def rows(out: Path, name: str) -> list[Row]:
    """Return the rows of `name`, "manifest" or "failures", in order."""
    return [json.loads(line) for path in sorted(out.glob(f"{name}-*.jsonl")) for line in path.read_bytes().splitlines()]


def summary(out: Path) -> Row:
    """Return the content of summary.json."""
    return dict(json.loads((out / "summary.json").read_bytes()))


def picture_of(data: bytes) -> Image.Image:
    """Decode an image, and convert it to mode RGB."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def sha256(data: bytes) -> str:
    """Return the SHA-256 of data in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def written_row(key: str, source: str, data: bytes, size: int, path: str, output: bytes) -> Row:
    """Return the manifest row of an output, derived from the bytes of the source and of the output."""
    original, resized = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(output))
    return {
        "key": key,
        "source": source,
        "source_bytes": len(data),
        "source_sha256": sha256(data),
        "source_format": original.format,
        "source_mode": original.mode,
        "source_width": original.width,
        "source_height": original.height,
        "size": size,
        "path": path,
        "width": resized.width,
        "height": resized.height,
        "bytes": len(output),
        "sha256": sha256(output),
        "orientation": 1,
        "source_box": [0.0, 0.0, float(original.width), float(original.height)],
        "output_box": [0, 0, *resized.size],
        "status": "written",
        "reason": None,
        "notes": [],
    }
