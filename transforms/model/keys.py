"""The key of an image, its name in the dataset, which determines its shard and whether a sample contains it."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from fractions import Fraction

from transforms.model.file_names import IMAGE_EXTENSIONS

# The ID of an image in Open Images.
_HEX_ID = re.compile(r"[0-9A-Fa-f]{16}")


def key_of(path: str) -> str:
    """Return the path without its image extension; the whole path if it has none, as in `b.jpg?size=large`."""
    stem, extension = posixpath.splitext(path)
    return stem if extension[1:].lower() in IMAGE_EXTENSIONS else path


def sample_rank(key: str) -> int:
    """Return the rank of a key, 0 to 2^64 - 1, in a fixed random order. A sample consists of the lowest ranks."""
    return int.from_bytes(hashlib.blake2b(os.fsencode(key), digest_size=8, person=b"sample").digest())


def in_sample(key: str, sample: Fraction) -> bool:
    """Return whether a key belongs to a sample of this share. Larger samples contain smaller ones. All runs agree."""
    return sample_rank(key) * sample.denominator < sample.numerator << 64


def image_id(key: str) -> str:
    """Return the ID of an image in annotations: the last part of its key, in lowercase if it is 16 hex digits."""
    name = key.rpartition("/")[2]
    return name.lower() if _HEX_ID.fullmatch(name) else name


def shard_index(key: str, count: int) -> int:
    """Return the number of the shard of a key, 0 to count - 1. It is the same in every run and on every machine."""
    digest = hashlib.blake2b(os.fsencode(key), digest_size=8).digest()
    return int.from_bytes(digest) % count
