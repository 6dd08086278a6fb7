"""coco.json: the boxes of one size and split in the COCO format, https://cocodataset.org/#format-data.

The file is written in pieces, since the boxes of all images may exceed memory. A piece contains the images of some
shards, or their boxes. The number before each box is the index of its image in the corresponding piece of images.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from transforms.model.annotations import FLAGS, OBJECTS
from transforms.model.json_lines import json_line, utf8

_GROUP_OF = "group_of"


def image_line(row: Mapping[str, Any], name: str) -> bytes:
    """Return the line that describes an image.

    Args:
        row: the image's row of the manifest.
        name: the path of its file, relative to the folder of coco.json.
    """
    return json_line({"file_name": name, "width": row["width"], "height": row["height"]})


def box_lines(row: Mapping[str, Any], index: int) -> Iterator[bytes]:
    """Yield the lines that describe an image's boxes.

    Args:
        row: the image's row of the manifest.
        index: the index of the image in its piece, from 0.
    """
    objects = row[OBJECTS]
    others = [name for name in FLAGS.values() if name != _GROUP_OF]
    for number, (box, category) in enumerate(zip(objects["bbox"], objects["category"], strict=True)):
        described = {
            "category_id": category,
            "bbox": box,
            "area": round(box[2] * box[3], 2),
            "iscrowd": int(objects[_GROUP_OF][number] == 1),
            **{name: objects[name][number] for name in others},
        }
        yield b"%d\t" % index + json_line(described)


def document(
    images: Iterable[bytes], boxes: Iterable[bytes], categories: Mapping[str, str], description: str
) -> Iterator[bytes]:
    """Yield the content of coco.json. Images and boxes are numbered from 1.

    Args:
        images: one piece of images for each part of the dataset.
        boxes: one piece of boxes for each part.
        categories: class -> name, in the order of their IDs.
        description: a description of the dataset.
    """
    yield b'{"info":' + utf8(json.dumps({"description": description}, ensure_ascii=False)) + b',"images":['
    starts = [0]
    for piece in images:
        lines = piece.splitlines()
        yield _joined((_numbered(line, starts[-1] + at) for at, line in enumerate(lines, 1)), starts[-1] > 0)
        starts.append(starts[-1] + len(lines))
    yield b'],"annotations":['
    count = 0
    for start, piece in zip(starts, boxes, strict=False):
        lines = piece.splitlines()
        yield _joined((_box(line, count + at, start) for at, line in enumerate(lines, 1)), count > 0)
        count += len(lines)
    yield b'],"categories":['
    described = (
        {"id": number, "name": name, "supercategory": "", "mid": class_}
        for number, (class_, name) in enumerate(categories.items())
    )
    yield b",\n".join(json_line(category).rstrip() for category in described) + b"]}\n"


def _joined(items: Iterable[bytes], is_continued: bool) -> bytes:
    joined = b",\n".join(items)
    return b",\n" + joined if joined and is_continued else joined


def _numbered(line: bytes, number: int) -> bytes:
    return b'{"id":%d,' % number + line[1:]


def _box(line: bytes, number: int, start: int) -> bytes:
    index, _, described = line.partition(b"\t")
    return b'{"id":%d,"image_id":%d,' % (number, start + int(index) + 1) + described[1:]
