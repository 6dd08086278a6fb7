"""The error message for an input without images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from transforms.imaging.extras import extra_for, install_command
from transforms.model.file_names import UNREAD_EXTENSIONS

# The maximum number of extensions in the message.
_MAX_NAMED = 5
# Extensions of files that contain other files, and of texts, some of which may be lists.
ARCHIVES = frozenset(
    {
        *("zip", "tar", "gz", "tgz", "bz2", "tbz2", "tbz", "xz", "txz", "zst", "tzst", "lz4", "7z", "rar", "iso"),
        *("parquet", "tfrecord", "tfrecords", "arrow", "feather", "lmdb", "mdb", "h5", "hdf5", "npz", "npy", "mat"),
    }
)
TEXTS = frozenset({"txt", "csv", "tsv", "json", "jsonl", "ndjson", "xml", "yaml", "yml", "xls", "xlsx", "html", "m3u"})
# Extensions of files that are never images. --any_name would find nothing in them.
_NEVER_IMAGES = frozenset(
    {
        *("mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv", "flv", "3gp", "ogv", "mts"),
        *("mp3", "wav", "flac", "ogg", "oga", "opus", "m4a", "aac", "wma", "aif", "aiff", "mid"),
        *TEXTS,
        *("md", "rst", "xmp", "htm", "css", "toml"),
        *("ini", "cfg", "log", "sql", "db", "sqlite", "doc", "docx", "odt", "rtf", "ods", "ppt", "pptx"),
        *("py", "ipynb", "js", "ts", "c", "h", "cpp", "java", "go", "rs", "sh", "bat", "exe", "dll", "so"),
        *("pkl", "pt", "pth", "ttf", "otf", "woff", "woff2"),
    }
)
_WITHOUT_NAME = {"": "without an extension", ".*": "with an odd extension"}


def no_image_message(where: str, others: Mapping[str, int], system_files: int) -> str:
    """Return the error message for an input without images: what the input contains, and what to do.

    Args:
        where: the flag and the input.
        others: the number of files with each extension, see `file_names.extension_of`.
        system_files: the number of files of operating systems, see `file_names.is_system_file`.
    """
    kinds = ", ".join(_kinds(others, system_files))
    return f"{where} contains no images{kinds and f': {kinds}'}; {', or '.join(_advice(others))}"


def _kinds(others: Mapping[str, int], system_files: int) -> Iterator[str]:
    """Yield the kinds of files with their numbers, such as "3 .heic", the most frequent first."""
    ordered = sorted(others.items(), key=lambda item: (-item[1], item[0]))
    for extension, number in ordered[:_MAX_NAMED]:
        yield f"{number:,} {_WITHOUT_NAME.get(extension, extension)}"
    if rest := sum(number for _, number in ordered[_MAX_NAMED:]):
        yield f"{rest:,} of other kinds"
    if system_files:
        yield f"{system_files:,} system file{'s' if system_files > 1 else ''}"


def _advice(others: Mapping[str, int]) -> Iterator[str]:
    extensions = {extension[1:] for extension in others}
    extras = {extension: extra.name for extension in sorted(extensions) if (extra := extra_for(extension))}
    for name in dict.fromkeys(extras.values()):
        yield install_command(name)
    if unread := sorted(extensions & UNREAD_EXTENSIONS):
        them = "it" if len(unread) == 1 else "them"
        yield f"convert {_joined(unread)} to JPEG or PNG, because no installed decoder supports {them}"
    if archives := sorted(extensions & ARCHIVES):
        yield f"unpack {_joined(archives)}"
    if extensions - extras.keys() - UNREAD_EXTENSIONS - ARCHIVES - _NEVER_IMAGES:
        yield "use --any_name to try every file"
    yield "use a folder or pattern that contains images"


def _joined(extensions: Sequence[str]) -> str:
    return " and ".join(f".{extension}" for extension in extensions)
