"""Names of files: which are taken for images, their keys, and the names of their outputs."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from fractions import Fraction

from transforms.imaging.extras import EXTRAS, installed

# Extensions of the files that are taken for images, besides those of installed extras; every other file is counted
# and ignored.
TRIED_EXTENSIONS = frozenset(
    {
        *("jpg", "jpeg", "jpe", "jfif", "jif", "mpo", "png", "apng", "webp", "gif", "avif", "avifs"),
        *("tif", "tiff", "bmp", "dib", "jp2", "j2k", "jpc", "jpf", "jpx", "j2c"),
        *("pnm", "pbm", "pgm", "ppm", "pfm", "tga", "icb", "vda", "vst", "ico", "psd", "qoi"),
    }
)

# Extensions of images that no decoder here reads. A key does not have them either.
UNREAD_EXTENSIONS = frozenset(
    {
        *("jxr", "wdp", "hdp", "jls", "bpg", "flif"),
        *("dng", "nef", "nrw", "cr2", "cr3", "crw", "arw", "sr2", "raf", "orf", "rw2", "pef", "srw", "raw"),
        *("svg", "svgz", "eps", "ps", "pdf", "ai", "wmf", "emf", "dds", "exr", "hdr", "pcx", "pam", "psb", "xcf"),
    }
)

# Folders and files that file managers, disks and archivers add to a collection, in lower case.
_SYSTEM_FOLDERS = frozenset(
    {
        *("__macosx", ".appledouble", ".trashes", ".spotlight-v100", ".fseventsd", ".temporaryitems"),
        *("@eadir", "$recycle.bin", "system volume information", ".ipynb_checkpoints"),
    }
)
_SYSTEM_FILES = frozenset(
    {".ds_store", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", ".localized", "icon\r"}
)
_APPLE_DOUBLE, _TRASH = "._", ".trash-"

# A key is the same with an extra and without it.
_IMAGE_EXTENSIONS = TRIED_EXTENSIONS.union(UNREAD_EXTENSIONS, *(extra.extensions for extra in EXTRAS))

# With a letter: digits alone number files, and would make as many extensions as there are files.
_USUAL_EXTENSION = re.compile(r"\.(?=[0-9]*[a-z])[a-z0-9]{1,10}")
_ESCAPED_IN_ARCHIVES = re.compile(r"[%.\x00-\x1f\x7f\udc80-\udcff]|(?:^|(?<=/))__")


def extension_of(path: str) -> str:
    """Return the extension in lower case with its dot; "" if there is none, ".*" if it does not look like one."""
    extension = posixpath.splitext(path)[1].lower()
    return extension if not extension or _USUAL_EXTENSION.fullmatch(extension) else ".*"


def is_tried(path: str, any_name: bool = False) -> bool:
    """Return whether a file is taken for an image by its name; with `any_name` each file is."""
    extension = extension_of(path)[1:]
    return any_name or extension in TRIED_EXTENSIONS or any(extension in extra.extensions for extra in installed())


def is_system_file(path: str) -> bool:
    """Return whether a file manager, disk or archiver left the file: metadata, thumbnails or deleted files.

    Args:
        path: below the input; the names of the input's own folders do not count.
    """
    *folders, name = path.lower().split("/")
    return name in _SYSTEM_FILES or name.startswith(_APPLE_DOUBLE) or any(map(is_system_folder, folders))


def is_system_folder(name: str) -> bool:
    """Return whether a folder of this name holds only such files."""
    return name.lower() in _SYSTEM_FOLDERS or name.lower().startswith(_TRASH)


def key_of(path: str) -> str:
    """Return the path without an extension of images; the whole path if it has none, as in `b.jpg?size=large`."""
    stem, extension = posixpath.splitext(path)
    return stem if extension[1:].lower() in _IMAGE_EXTENSIONS else path


def archive_key(key: str) -> str:
    """Return a key as WebDataset readers need it: printable UTF-8, without a dot, no part beginning with `__`.

    Every other character becomes %XX, and so does % itself, so that different keys stay different.
    """
    return _ESCAPED_IN_ARCHIVES.sub(lambda match: _percent(match.group()), key)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(text))


def sample_rank(key: str) -> int:
    """Return the rank of a key, 0 to 2^64 - 1, in a random order that never changes. A sample takes the first keys."""
    return int.from_bytes(hashlib.blake2b(os.fsencode(key), digest_size=8, person=b"sample").digest())


def in_sample(key: str, sample: Fraction) -> bool:
    """Return whether a key belongs to a sample of this share, in every run. A larger sample contains a smaller one."""
    return sample_rank(key) * sample.denominator < sample.numerator << 64


def image_id(key: str) -> str:
    """Return the ID by which annotations name an image: the last part of its key."""
    return key.rpartition("/")[2]


def shard_index(key: str, count: int) -> int:
    """Return which of `count` shards a key belongs to, 0 to count - 1, in every run and on every machine."""
    digest = hashlib.blake2b(os.fsencode(key), digest_size=8).digest()
    return int.from_bytes(digest) % count
