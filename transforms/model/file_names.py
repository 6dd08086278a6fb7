"""Names of files: which are candidates for images, and which belong to a system."""

from __future__ import annotations

import posixpath
import re

from transforms.imaging.extras import EXTRAS, installed

# Extensions of the files that are taken for images, besides those of installed extras; every other file is counted
# and ignored.
CANDIDATE_EXTENSIONS = frozenset(
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

# All of them. A key is the same with an extra and without it.
IMAGE_EXTENSIONS = CANDIDATE_EXTENSIONS.union(UNREAD_EXTENSIONS, *(extra.extensions for extra in EXTRAS))

# With a letter: digits alone number files, and would make as many extensions as there are files.
_USUAL_EXTENSION = re.compile(r"\.(?=[0-9]*[a-z])[a-z0-9]{1,10}")


def extension_of(path: str) -> str:
    """Return the extension in lower case with its dot; "" if there is none, ".*" if it does not look like one."""
    extension = posixpath.splitext(path)[1].lower()
    return extension if not extension or _USUAL_EXTENSION.fullmatch(extension) else ".*"


def is_candidate(path: str, any_name: bool = False) -> bool:
    """Return whether a file is taken for an image by its name; with `any_name` each file is."""
    extension = extension_of(path)[1:]
    return any_name or extension in CANDIDATE_EXTENSIONS or any(extension in extra.extensions for extra in installed())


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
