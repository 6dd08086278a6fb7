"""Names: which files are tried, what their keys are, and what their outputs are called."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from fractions import Fraction

# Extensions of the files that are tried; every other file is counted and left alone.
TRIED_EXTENSIONS = frozenset(
    {
        *("jpg", "jpeg", "jpe", "jfif", "jif", "mpo", "png", "apng", "webp", "gif", "avif", "avifs"),
        *("tif", "tiff", "bmp", "dib", "jp2", "j2k", "jpc", "jpf", "jpx", "j2c"),
        *("pnm", "pbm", "pgm", "ppm", "pfm", "tga", "icb", "vda", "vst", "ico", "psd", "qoi"),
    }
)

_USUAL_EXTENSION = re.compile(r"\.[a-z0-9]{1,10}")
_ESCAPED_IN_ARCHIVES = re.compile(r"[%.\x00-\x1f\x7f\udc80-\udcff]|(?:^|(?<=/))__")


def extension_of(path: str) -> str:
    """The extension in lower case with its dot, "" where there is none, ".*" for what is none by its look."""
    extension = posixpath.splitext(path)[1].lower()
    return extension if not extension or _USUAL_EXTENSION.fullmatch(extension) else ".*"


def is_tried(path: str) -> bool:
    """Whether a file is taken for an image by its name."""
    return extension_of(path)[1:] in TRIED_EXTENSIONS


def key_of(path: str) -> str:
    """The path without its extension."""
    return posixpath.splitext(path)[0]


def archive_key(key: str) -> str:
    """A key as WebDataset readers need it: printable UTF-8, without a dot, no part beginning with `__`.

    What is not allowed becomes %XX, and so does % itself, so that different keys stay different.
    """
    return _ESCAPED_IN_ARCHIVES.sub(lambda match: _percent(match.group()), key)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(text))


def sample_rank(key: str) -> int:
    """Where a key stands in a random order that is the same in every run: 0 to 2^64 - 1. Samples take the first."""
    return int.from_bytes(hashlib.blake2b(os.fsencode(key), digest_size=8, person=b"sample").digest())


def in_sample(key: str, sample: Fraction) -> bool:
    """Whether a key belongs to a sample of this share, in every run; a larger sample contains a smaller one."""
    return sample_rank(key) * sample.denominator < sample.numerator << 64


def shard_index(key: str, count: int) -> int:
    """Which of `count` shards a key belongs to, in every run and on every machine: 0 to count - 1."""
    digest = hashlib.blake2b(os.fsencode(key), digest_size=8).digest()
    return int.from_bytes(digest) % count
