"""What several tests need: images, a plain Pillow loop to compare with, and looks at what a run left."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.photos import photo

ROOT = Path(__file__).parent.parent

Row = dict[str, Any]


def image_bytes(image: Image.Image, image_format: str, **parameters: Any) -> bytes:
    """The bytes of a file."""
    body = io.BytesIO()
    image.save(body, image_format, **parameters)
    return body.getvalue()


def jpeg(seed: int, size: tuple[int, int], **parameters: Any) -> bytes:
    """A photograph-like JPEG."""
    return image_bytes(photo(seed, size), "JPEG", **parameters)


def write_tree(folder: Path, files: dict[str, bytes]) -> Path:
    """Writes each file at its path below `folder`."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def photo_tree(folder: Path, count: int, size: tuple[int, int] = (120, 80)) -> Path:
    """`count` JPEGs, every third in a sub-folder."""
    names = [f"{'deep/er/' if seed % 3 == 2 else ''}p{seed:03d}.jpg" for seed in range(count)]
    return write_tree(folder, {name: jpeg(seed, size) for seed, name in enumerate(names)})


def plain_resize(data: bytes, size: int, image_format: str = "JPEG", gap: float | None = None) -> tuple[bytes, Any]:
    """What a plain loop around Pillow writes, and the (width, height) of it.

    Args:
        data: the source file.
        size: its longest side becomes this.
        image_format: Pillow's name.
        gap: decode at a reduced scale that stays this many times larger than the target.
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
    """Runs the command in a process of its own."""
    command = [sys.executable, str(ROOT / "image_resizer.py"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def snapshot(out: Path) -> dict[str, bytes]:
    """The content of every file outside `_run`, by its path, but that of the report, which differs from run to run."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.relative_to(out).parts[0] not in ("_run", "report.html")
    }


def markers(out: Path) -> dict[str, int]:
    """When each marker was written, in nanoseconds."""
    return {path.name: path.stat().st_mtime_ns for path in sorted((out / "_run" / "shards").iterdir())}


def rows(out: Path, name: str) -> list[Row]:
    """The rows of the manifest or the failures, in order."""
    return [json.loads(line) for path in sorted(out.glob(f"{name}-*.jsonl")) for line in path.read_bytes().splitlines()]


def summary(out: Path) -> Row:
    """The content of summary.json."""
    return dict(json.loads((out / "summary.json").read_bytes()))


def picture_of(data: bytes) -> Image.Image:
    """An encoded image's pixels in mode RGB."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def written_row(key: str, source: str, data: bytes, size: int, path: str, output: bytes) -> Row:
    """The manifest row that an image deserves, from its source's and its output's bytes alone."""
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(output))
    return {
        "key": key,
        "source": source,
        "source_bytes": len(data),
        "source_sha256": sha256(data),
        "source_format": before.format,
        "source_mode": before.mode,
        "source_width": before.width,
        "source_height": before.height,
        "size": size,
        "path": path,
        "width": after.width,
        "height": after.height,
        "bytes": len(output),
        "sha256": sha256(output),
        "orientation": 1,
        "source_box": [0.0, 0.0, float(before.width), float(before.height)],
        "output_box": [0, 0, *after.size],
        "status": "written",
        "reason": None,
        "notes": [],
    }
