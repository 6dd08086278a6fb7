import os
import struct
from typing import Any

import pytest

from tests.transforms.layouts.examples import example_type, examples
from tests.transforms.layouts.outputs import SHARD, output
from transforms.layouts import LAYOUTS
from transforms.layouts.tfrecord import example, record
from transforms.model.records import NO_COLUMNS, OutputImage

PATH = "train-00012-of-01743.tfrecord"


def pack(images: list[OutputImage]) -> list[dict[str, list[Any]]]:
    (packed,) = LAYOUTS["tfrecord"].pack(SHARD, [""], images, NO_COLUMNS)
    assert packed.path == PATH
    return examples(packed.data)


def test_keys_and_values() -> None:
    images = [output("tfrecord", key, 64, key.encode(), "64/") for key in ("b", "a.x", "a/z")]
    images.append(output("tfrecord", "b", 32, b"small", "32/"))
    large, small = LAYOUTS["tfrecord"].pack(SHARD, ["64/", "32/"], images, NO_COLUMNS)
    assert (large.path, small.path) == (f"64/{PATH}", f"32/{PATH}")
    read = examples(large.data)
    assert [sample["image/filename"] for sample in read] == [[b"a%2Ex.jpg"], [b"a/z.jpg"], [b"b.jpg"]]
    assert read[0] == {
        "image/encoded": [b"a.x"],
        "image/format": [b"jpeg"],
        "image/filename": [b"a%2Ex.jpg"],
        "image/source_id": [b"a.x"],
        "image/height": [1],
        "image/width": [2],
        "image/key/sha256": [b"bb"],
        "manifest/key": [b"a.x"],
        "manifest/source": [b"a.x.jpeg"],
        "manifest/source_bytes": [9],
        "manifest/source_sha256": [b"aa"],
        "manifest/source_format": [b"JPEG"],
        "manifest/source_mode": [b"RGB"],
        "manifest/source_width": [4],
        "manifest/source_height": [3],
        "manifest/size": [64],
        "manifest/width": [2],
        "manifest/height": [1],
        "manifest/bytes": [3],
        "manifest/sha256": [b"bb"],
        "manifest/orientation": [1],
        "manifest/source_box": [0.0, 0.0, 4.0, 3.0],
        "manifest/output_box": [0, 0, 2, 1],
        "manifest/notes": [],
    }
    assert [sample["image/encoded"] for sample in examples(small.data)] == [[b"small"]]


def test_the_manifest_names_the_archive_and_the_image() -> None:
    assert output("tfrecord", "a.x", 64, b"", "64/").row.path == f"64/{PATH}/a%2Ex.jpg"


@pytest.mark.parametrize(("extension", "name"), [("jpg", b"jpeg"), ("png", b"png"), ("webp", b"webp")])
def test_names_of_formats(extension: str, name: bytes) -> None:
    (sample,) = pack([output("tfrecord", "a.b", 64, b"1", extension=extension)])
    assert sample["image/format"] == [name]


def test_an_example_is_the_bytes_that_protobuf_writes() -> None:
    values_by_key: dict[str, list[Any]] = {
        "z": [b"", b"\0\xff" * 200],
        "a/long key": [b"x"],
        "none": [],
        "numbers": [0, 1, 127, 128, 300, 2**63 - 1, -1, -(2**63)],
        "floats": [0.0, -1.5, 1e30],
        "mixed": [1, 0.5],
    }
    wanted = example_type()()
    for key, values in values_by_key.items():
        feature = wanted.features.feature[key]
        if any(isinstance(value, float) for value in values):
            feature.float_list.value.extend(values)
        elif any(isinstance(value, int) for value in values):
            feature.int64_list.value.extend(values)
        else:
            feature.bytes_list.value.extend(values)
            feature.bytes_list.SetInParent()
    assert example(values_by_key) == wanted.SerializeToString(deterministic=True)
    assert example(dict(reversed(values_by_key.items()))) == example(values_by_key)


def test_a_record_has_the_checksum_of_its_data() -> None:
    """Compare with RFC 3720, B.4: the CRC-32C of 32 bytes of 0 is 8a9136aa."""
    data = bytes(32)
    head, body, tail = record(data)
    assert (head[:8], body) == (struct.pack("<Q", 32), data)
    masked = struct.unpack("<I", tail)[0]
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    assert (rotated << 15 | rotated >> 17) & 0xFFFFFFFF == 0x8A9136AA


def test_an_empty_shard_is_an_empty_file() -> None:
    (empty,) = LAYOUTS["tfrecord"].pack(SHARD, [""], [], NO_COLUMNS)
    assert (empty.path, empty.data) == (PATH, b"")


def test_unknown_values_have_no_key() -> None:
    image = output("tfrecord", "a", 64, b"1")
    row = image.row._replace(source_mode=None, notes=("exif-orientation", "icc-profile"))
    (sample,) = pack([image._replace(row=row)])
    assert "manifest/source_mode" not in sample
    assert sample["manifest/notes"] == [b"exif-orientation", b"icc-profile"]


def test_names_that_are_not_utf8_become_text() -> None:
    (sample,) = pack([output("tfrecord", os.fsdecode(b"caf\xe9") + "/ключ\n", 64, b"1")])
    assert sample["image/source_id"] == sample["manifest/key"] == ["caf\\udce9/ключ\n".encode()]
    assert sample["image/filename"] == ["caf%E9/ключ%0A.jpg".encode()]
