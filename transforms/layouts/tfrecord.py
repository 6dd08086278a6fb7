"""TFRecord files of tf.train.Example, with the keys of TensorFlow's object detection API; written without TensorFlow.

- Records: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
- Examples: tensorflow/core/example/example.proto and feature.proto of https://github.com/tensorflow/tensorflow
- Their encoding: https://protobuf.dev/programming-guides/encoding
- Keys: research/object_detection/dataset_tools/create_coco_tf_record.py of https://github.com/tensorflow/models,
  and all that the manifest has under `manifest/`

The same images give the same bytes: features in the order of their keys, which protobuf itself leaves open.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import google_crc32c

from transforms.layouts.archive import archive_layout, member_name, plain_sample
from transforms.model.json_lines import utf8
from transforms.model.records import LABEL, LABEL_NAME, NO_COLUMNS, Columns, OutputImage

# What an Example holds by a name: bytes, or whole numbers of 64 bits, or floats; maybe none.
Values = Sequence[Any]

# Where the object detection API has a label, and its name.
_KEYS = {LABEL: "image/class/label", LABEL_NAME: "image/class/text"}

# What the object detection API calls a format, where it is not the extension.
_FORMATS = {"jpg": "jpeg"}

_MASK_DELTA = 0xA282EAD8


def archive(path: str, images: Sequence[OutputImage], columns: Columns) -> bytes:
    """The TFRecord file at `path` that holds `images`."""
    return b"".join(part for image in images for part in record(example(features(path, image, columns))))


def features(path: str, image: OutputImage, columns: Columns = NO_COLUMNS) -> dict[str, Values]:
    """What an image's Example has; a value that is not known has no key. Int64List has no uint64: they are text."""
    row, name = image.row, member_name(path, image)
    extension = name.rpartition(".")[2]
    told = {
        "image/encoded": image.file.data,
        "image/format": _FORMATS.get(extension, extension),
        "image/filename": name,
        "image/source_id": row.key,
        "image/height": row.height,
        "image/width": row.width,
        "image/key/sha256": row.sha256,
        **{_KEYS.get(field, f"manifest/{field}"): value for field, value in plain_sample(row, columns).items()},
    }
    return {key: _values(value) for key, value in told.items() if value is not None}


def _values(value: object) -> Values:
    parts = value if isinstance(value, tuple) else (value,)
    return [utf8(part) if isinstance(part, str) else int(part) if isinstance(part, bool) else part for part in parts]


def record(data: bytes) -> tuple[bytes, bytes, bytes]:
    """One record: the length of `data` with its checksum, `data`, and its checksum; little-endian."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length), data, _checksum(data)


def _checksum(data: bytes) -> bytes:
    """The CRC-32C, turned right by 15 bits and shifted, so that a CRC over data with CRCs in it stays good."""
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF)


def example(named: Mapping[str, Values]) -> bytes:
    """A tf.train.Example.

    message Example { Features features = 1; }
    message Features { map<string, Feature> feature = 1; }    each entry: key = 1, value = 2
    """
    entries = (_field(1, key.encode()) + _field(2, _feature(named[key])) for key in sorted(named))
    return _field(1, b"".join(_field(1, entry) for entry in entries))


def _feature(values: Values) -> bytes:
    """A tf.train.Feature; an empty list is one of bytes.

        message Feature { oneof kind { BytesList bytes_list = 1; FloatList float_list = 2; Int64List int64_list = 3; } }

    Each has its values in a field 1: bytes one by one, numbers packed; floats have 32 bits.
    """
    kinds = set(map(type, values))
    if float in kinds:
        return _field(2, _field(1, struct.pack(f"<{len(values)}f", *values)))
    if int in kinds:
        return _field(3, _field(1, b"".join(map(_varint, values))))
    return _field(1, b"".join(_field(1, value) for value in values))


def _field(number: int, data: bytes) -> bytes:
    """A field of wire type 2: its tag, the length of what it holds, and that."""
    return b"".join((_varint(number << 3 | 2), _varint(len(data)), data))


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; a negative number as the 64-bit one that it wraps around to."""
    number &= 0xFFFFFFFFFFFFFFFF
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*groups, number))


LAYOUT = dataclasses.replace(archive_layout("tfrecord", archive), wide_floats=False)
