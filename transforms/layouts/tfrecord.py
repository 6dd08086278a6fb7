"""Layout `tfrecord`: files of tf.train.Example with the keys of TensorFlow's object detection API.

This module writes and reads them without TensorFlow, according to these descriptions:

- Records: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
- Examples: tensorflow/core/example/example.proto and feature.proto of https://github.com/tensorflow/tensorflow
- Their encoding: https://protobuf.dev/programming-guides/encoding
- Keys: research/object_detection/dataset_tools/create_coco_tf_record.py of https://github.com/tensorflow/models;
  the fields of the manifest have the prefix `manifest/`

The same images result in the same bytes: features are sorted by their keys, an order that protobuf leaves open.
"""

from __future__ import annotations

import glob
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import google_crc32c

from transforms.layouts.archive import ARCHIVES_EXAMPLE, archive_layout, member_name, plain_sample
from transforms.layouts.layout import Example, Subset
from transforms.model.annotations import FLAGS, OBJECTS
from transforms.model.json_lines import utf8
from transforms.model.records import LABEL, LABEL_NAME, NO_COLUMNS, AnnotationLists, Columns, ManifestRow, OutputImage

# The values of one feature of an Example: only bytes, only 64-bit integers, or only floats. It may be empty.
Values = Sequence[Any]

# The keys of the object detection API for a label and its name.
_KEYS = {LABEL: "image/class/label", LABEL_NAME: "image/class/text"}

# The object detection API's name of a format, if it is not the extension.
_FORMATS = {"jpg": "jpeg"}

_MASK_DELTA = 0xA282EAD8

_TFRECORD = f"""import io
import json
from PIL import Image
from tfrecord.reader import tfrecord_loader

{ARCHIVES_EXAMPLE}for archive in archives:
    for sample in tfrecord_loader(archive, None):
        print(sample["manifest/key"].decode(), Image.open(io.BytesIO(sample["image/encoded"])).size)"""


def archive(path: str, images: Sequence[OutputImage], columns: Columns) -> bytes:
    """Return the TFRecord file at `path` that holds `images`."""
    return b"".join(part for image in images for part in record(example(features(path, image, columns))))


def features(path: str, image: OutputImage, columns: Columns = NO_COLUMNS) -> dict[str, Values]:
    """Return the features of an image's Example. Leave out unknown values. Convert uint64 to text."""
    row, name = image.row, member_name(path, image)
    extension = name.rpartition(".")[2]
    values = {
        "image/encoded": image.file.data,
        "image/format": _FORMATS.get(extension, extension),
        "image/filename": name,
        "image/source_id": row.key,
        "image/height": row.height,
        "image/width": row.width,
        "image/key/sha256": row.sha256,
        **{_KEYS.get(field, f"manifest/{field}"): value for field, value in plain_sample(row, columns).items()},
    }
    for name in columns.annotations:
        lists = values.pop(f"manifest/{name}")
        values |= _boxes(row, lists, columns) if name == OBJECTS else _labels(lists, columns)
    return {key: _values(value) for key, value in values.items() if value is not None}


def _boxes(row: ManifestRow, boxes: AnnotationLists, columns: Columns) -> dict[str, Values]:
    """Return the features of an image's boxes. Edges are fractions of its width and height; classes count from 1."""
    width, height = float(row.width or 1), float(row.height or 1)
    return {
        "image/object/bbox/xmin": [left / width for left, *_ in boxes["bbox"]],
        "image/object/bbox/xmax": [(left + wide) / width for left, _, wide, _ in boxes["bbox"]],
        "image/object/bbox/ymin": [top / height for _, top, *_ in boxes["bbox"]],
        "image/object/bbox/ymax": [(top + high) / height for _, top, _, high in boxes["bbox"]],
        **_classes("image/object/class", boxes, columns),
        **{f"image/object/{flag}": boxes[flag] for flag in FLAGS.values()},
    }


def _labels(labels: AnnotationLists, columns: Columns) -> dict[str, Values]:
    """Return the features of an image's labels."""
    return {**_classes("image/labels", labels, columns), "image/labels/confidence": labels["confidence"]}


def _classes(prefix: str, lists: AnnotationLists, columns: Columns) -> dict[str, Values]:
    names = list(columns.categories.values())
    return {
        f"{prefix}/label": [number + 1 for number in lists["category"]],
        f"{prefix}/text": [utf8(names[number]) for number in lists["category"]],
    }


def _values(value: object) -> Values:
    items = value if isinstance(value, (tuple, list)) else (value,)
    return [utf8(item) if isinstance(item, str) else int(item) if isinstance(item, bool) else item for item in items]


def record(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the parts of one record: the length of `data` with a checksum, `data`, and the checksum of `data`."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length), data, _checksum(data)


def _checksum(data: bytes) -> bytes:
    """Return the masked CRC-32C: rotated right by 15 bits plus a constant, because the data may itself contain CRCs."""
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF)


def example(values_by_key: Mapping[str, Values]) -> bytes:
    """Return a tf.train.Example.

    message Example { Features features = 1; }
    message Features { map<string, Feature> feature = 1; }    each entry: key = 1, value = 2
    """
    entries = (_field(1, key.encode()) + _field(2, _feature(values_by_key[key])) for key in sorted(values_by_key))
    return _field(1, b"".join(_field(1, entry) for entry in entries))


def _feature(values: Values) -> bytes:
    """Return a tf.train.Feature. Store an empty list as a list of bytes.

        message Feature { oneof kind { BytesList bytes_list = 1; FloatList float_list = 2; Int64List int64_list = 3; } }

    Each list stores its values in field 1: bytes one by one, numbers packed. Floats have 32 bits.
    """
    types = set(map(type, values))
    if float in types:
        return _field(2, _field(1, struct.pack(f"<{len(values)}f", *values)))
    if int in types:
        return _field(3, _field(1, b"".join(map(_varint, values))))
    return _field(1, b"".join(_field(1, value) for value in values))


def _field(number: int, data: bytes) -> bytes:
    """Return a field of wire type 2: its tag, the length of its data, and the data."""
    return b"".join((_varint(number << 3 | 2), _varint(len(data)), data))


def _varint(number: int) -> bytes:
    """Return a number as a varint: 7 bits per byte, the lowest first. A negative number is encoded modulo 2**64."""
    number &= 0xFFFFFFFFFFFFFFFF
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*groups, number))


def unpack(data: bytes, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the images that have one of `names` in a TFRecord file that `archive` wrote."""
    start = 0
    while start < len(data):
        (length,) = struct.unpack_from("<Q", data, start)
        (features_message,) = _read_fields(data[start + 12 : start + 12 + length])
        features = dict(_read_fields(entry) for entry in _read_fields(features_message))
        name = _read_single(features[b"image/filename"]).decode()
        if name in names:
            yield name, _read_single(features[b"image/encoded"])
        start += 16 + length


def _read_single(feature: bytes) -> bytes:
    """Return the value of a Feature that contains a list of one bytes value."""
    (values,) = _read_fields(feature)
    (value,) = _read_fields(values)
    return value


def _read_fields(message: bytes) -> list[bytes]:
    """Return the data of each field of a protobuf message, in order. All fields must have wire type 2."""
    fields, at = [], 0
    while at < len(message):
        _tag, at = _read_varint(message, at)
        length, at = _read_varint(message, at)
        fields.append(message[at : at + length])
        at += length
    return fields


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the varint at the offset `at`, and the offset of its end."""
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def _examples(subset: Subset) -> Iterator[Example]:
    title = "With tfrecord, or with TensorFlow's `tf.data.TFRecordDataset(archives)`:"
    yield Example(title, _TFRECORD.format(size=subset.size))


def _one_line(folder: str) -> str:
    pattern = glob.escape(folder) + "*.tfrecord"
    return (
        "import glob; from tfrecord.reader import tfrecord_loader; "
        f"samples = (sample for path in glob.glob({pattern!r}) for sample in tfrecord_loader(path, None))"
    )


LAYOUT = archive_layout(
    "tfrecord",
    archive,
    unpack,
    summary="tf.train.Examples",
    examples=_examples,
    one_line=_one_line,
    wide_floats=False,
)
