"""The key of an image: its name in the dataset, its shard, and its place in a sample."""

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
    """Return the path without an extension of images; the whole path if it has none, as in `b.jpg?size=large`."""
    stem, extension = posixpath.splitext(path)
    return stem if extension[1:].lower() in IMAGE_EXTENSIONS else path


def sample_rank(key: str) -> int:
    """Return the rank of a key, 0 to 2^64 - 1, in a random order that never changes. A sample takes the first keys."""
    return int.from_bytes(hashlib.blake2b(os.fsencode(key), digest_size=8, person=b"sample").digest())


def in_sample(key: str, sample: Fraction) -> bool:
    """Return whether a key belongs to a sample of this share, in every run. A larger sample contains a smaller one."""
    return sample_rank(key) * sample.denominator < sample.numerator << 64


def image_id(key: str) -> str:
    """Return the ID by which annotations name an image: the last part of its key, in lowercase if it is hexadecimal."""
    name = key.rpartition("/")[2]
    return name.lower() if _HEX_ID.fullmatch(name) else name


def shard_index(key: str, count: int) -> int:
    """Return which of `count` shards a key belongs to, 0 to count - 1, in every run and on every machine."""
    digest = hashlib.blake2b(os.fsencode(key), digest_size=8).digest()
    return int.from_bytes(digest) % count
