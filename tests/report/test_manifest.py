"""Which bytes of the manifest are read, and which images they contain."""

from __future__ import annotations

import itertools
from pathlib import Path

from pipeline.report.manifest import Window, read_images, windows
from tests.report.rows import written
from tests.support import write_tree
from transforms.model.json_lines import json_line


def parts_of(folder: Path, images: int) -> list[tuple[str, int]]:
    """Write a manifest of two sizes in three parts, and return their paths and sizes."""
    lines = [json_line(written(f"{number:03d}.jpg", size=size)) for number in range(images) for size in (512, 256)]
    third = len(lines) // 6 * 2
    parts = {"0": lines[:third], "1": lines[third : 2 * third], "2": lines[2 * third :]}
    write_tree(folder, {name: b"".join(some) for name, some in parts.items()})
    return [(str(path), path.stat().st_size) for path in sorted(folder.iterdir())]


def test_a_manifest_is_read_as_a_whole_if_it_is_small(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, 30)
    found = windows(parts)
    assert found == [Window(path, size, 0, size) for path, size in parts]
    images = list(read_images(found))
    assert [[(row["key"], row["size"]) for row in rows] for rows in images] == [
        [(f"{number:03d}", 512), (f"{number:03d}", 256)] for number in range(30)
    ]


def test_of_a_large_manifest_evenly_spaced_windows_are_read_and_no_image_is_cut(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, 900)
    whole = sum(size for _, size in parts)
    found = windows(parts, whole // 2)
    assert len(found) == 32
    assert {window.path for window in found} == {path for path, _ in parts}
    assert sum(window.end - window.start for window in found) <= whole // 2
    images = list(read_images(found))
    assert all([row["size"] for row in rows] == [512, 256] for rows in images)
    keys = [rows[0]["key"] for rows in images]
    assert keys == sorted(set(keys))
    assert 300 < len(keys) < 450
    assert max(int(after) - int(before) for before, after in itertools.pairwise(keys)) < 30
