"""Classification of file names: image candidates, and files of operating systems and other tools."""

from __future__ import annotations

import posixpath
import re

from transforms.imaging.extras import EXTRAS, installed

# Extensions of files that are treated as images, besides those of installed extras. All other files are counted and
# ignored.
CANDIDATE_EXTENSIONS = frozenset(
    {
        *("jpg", "jpeg", "jpe", "jfif", "jif", "mpo", "png", "apng", "webp", "gif", "avif", "avifs"),
        *("tif", "tiff", "bmp", "dib", "jp2", "j2k", "jpc", "jpf", "jpx", "j2c"),
        *("pnm", "pbm", "pgm", "ppm", "pfm", "tga", "icb", "vda", "vst", "ico", "psd", "qoi"),
    }
)

# Extensions of images that this program cannot decode. They are removed from keys, too.
UNREAD_EXTENSIONS = frozenset(
    {
        *("jxr", "wdp", "hdp", "jls", "bpg", "flif"),
        *("dng", "nef", "nrw", "cr2", "cr3", "crw", "arw", "sr2", "raf", "orf", "rw2", "pef", "srw", "raw"),
        *("svg", "svgz", "eps", "ps", "pdf", "ai", "wmf", "emf", "dds", "exr", "hdr", "pcx", "pam", "psb", "xcf"),
    }
)

# Folders and files that file managers, disks and archivers add to a collection, in lowercase.
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

# All extensions of images. They do not depend on the installed extras, so keys do not either.
IMAGE_EXTENSIONS = CANDIDATE_EXTENSIONS.union(UNREAD_EXTENSIONS, *(extra.extensions for extra in EXTRAS))

# Require a letter: an extension of only digits is a number, so there may be as many extensions as files.
_USUAL_EXTENSION = re.compile(r"\.(?=[0-9]*[a-z])[a-z0-9]{1,10}")


def extension_of(path: str) -> str:
    """Return the extension in lowercase with its dot; "" if there is none, ".*" if it does not look like one."""
    extension = posixpath.splitext(path)[1].lower()
    return extension if not extension or _USUAL_EXTENSION.fullmatch(extension) else ".*"


def is_candidate(path: str, any_name: bool = False) -> bool:
    """Return whether a file is treated as an image because of its name; with `any_name`, every file is."""
    extension = extension_of(path)[1:]
    return any_name or extension in CANDIDATE_EXTENSIONS or any(extension in extra.extensions for extra in installed())


def is_system_file(path: str) -> bool:
    """Return whether a file manager, disk or archiver created the file: metadata, thumbnails or deleted files.

    Args:
        path: the path below the input. The names of the folders above it do not matter.
    """
    *folders, name = path.lower().split("/")
    return name in _SYSTEM_FILES or name.startswith(_APPLE_DOUBLE) or any(map(is_system_folder, folders))


def is_system_folder(name: str) -> bool:
    """Return whether a folder with this name contains only system files."""
    return name.lower() in _SYSTEM_FOLDERS or name.lower().startswith(_TRASH)
