"""The annotation files that have no parts: the classes, and the boxes in COCO and YOLO format."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from transforms import storage
from transforms.annotations import coco, yolo
from transforms.dataset.paths import CLASSES_PATH, YOLO_NAME
from transforms.dataset.plan import coco_boxes_path, coco_images_path, coco_path
from transforms.finishing.parts import PartResult
from transforms.model.annotations import COCO, YOLO
from transforms.model.config import ResizeConfig
from transforms.model.json_lines import utf8
from transforms.model.records import Columns
from transforms.publish.checksums import sum_line


def write_annotations(
    columns: Columns, summary: Mapping[str, Any], parts: Sequence[PartResult], config: ResizeConfig
) -> list[bytes]:
    """Write the annotation files, and return their lines for SHA256SUMS.

    Raises:
        StorageError: a file cannot be written.
    """
    sums = []
    for path, text in _texts(columns, summary, config):
        storage.write(config.out_dir, path, text)
        sums.append(sum_line(path, hashlib.sha256(text).hexdigest()))
    if config.annotations and COCO in config.annotations.formats:
        for size in config.spec.sizes:
            for split in config.splits:
                folder = config.size_folder(size) + config.key_prefix(split.name)
                pieces = functools.partial(_coco, folder, columns, parts, config)
                _, sha256 = storage.write_pieces(config.out_dir, coco_path(folder), pieces)
                sums.append(sum_line(coco_path(folder), sha256))
    return sums


def _coco(folder: str, columns: Columns, parts: Sequence[PartResult], config: ResizeConfig) -> Iterator[bytes]:
    images, boxes = (_pieces(path, parts, config) for path in (coco_images_path(folder), coco_boxes_path(folder)))
    return coco.document(images, boxes, columns.categories, config.card.name)


def _pieces(path: str, parts: Sequence[PartResult], config: ResizeConfig) -> Iterator[bytes]:
    """Yield the piece of each part; b"" for a part without a piece."""
    for part in parts:
        piece = part.pieces.get(path)
        yield storage.read(storage.join(config.out_dir, piece)) if piece else b""


def _texts(columns: Columns, summary: Mapping[str, Any], config: ResizeConfig) -> Iterator[tuple[str, bytes]]:
    if columns.annotations:
        yield CLASSES_PATH, utf8(json.dumps(classes(columns, summary), indent=1, ensure_ascii=False) + "\n")
    if config.annotations and YOLO in config.annotations.formats:
        splits = {split.name: config.key_prefix(split.name) for split in config.splits}
        for size in config.spec.sizes:
            yield config.size_folder(size) + YOLO_NAME, utf8(yolo.data_yaml(splits, columns.categories))


def classes(columns: Columns, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the content of classes.json: each class with its ID and its numbers of annotations and images.

    The numbers are those at the largest size.
    """
    size = str(max(map(int, summary["outputs"])))
    counted = {name: summary["annotated"][name][size] for name in columns.annotations}
    return [
        {
            "id": number,
            "class": class_,
            "name": name,
            **{
                of: {"count": counts["classes"].get(class_, 0), "images": counts["class_images"].get(class_, 0)}
                for of, counts in counted.items()
            },
        }
        for number, (class_, name) in enumerate(columns.categories.items())
    ]
