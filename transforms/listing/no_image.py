"""What to say of an input in which no file is tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from transforms.imaging.naming import UNREAD_EXTENSIONS

# Kinds of files that are named; there are rarely more.
_MOST_KINDS = 5
_PACKED = frozenset({"zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "parquet", "tfrecord"})
_ODD = {"": "without an extension", ".*": "with an odd extension"}


def no_image(where: str, others: Mapping[str, int], system_files: int) -> str:
    """The sentence for an input without any image: what it holds, and what to do.

    Args:
        where: the input, with its flag.
        others: extension -> how many files have it, see `naming.extension_of`.
        system_files: how many files a system left there, see `naming.is_system_file`.
    """
    held = ", ".join(_kinds(others, system_files))
    return f"{where} holds no image{held and f': {held}'}; {', or '.join(_advice(others))}"


def _kinds(others: Mapping[str, int], system_files: int) -> Iterator[str]:
    """Such as "3 .heic", the most frequent first."""
    ordered = sorted(others.items(), key=lambda one: (-one[1], one[0]))
    for extension, number in ordered[:_MOST_KINDS]:
        yield f"{number:,} {_ODD.get(extension, extension)}"
    if rest := sum(number for _, number in ordered[_MOST_KINDS:]):
        yield f"{rest:,} of other kinds"
    if system_files:
        yield f"{system_files:,} system file{'s' if system_files > 1 else ''}"


def _advice(others: Mapping[str, int]) -> Iterator[str]:
    extensions = {extension[1:] for extension in others}
    if unread := sorted(extensions & UNREAD_EXTENSIONS):
        them = "it" if len(unread) == 1 else "them"
        yield f"convert {' and '.join(f'.{one}' for one in unread)} to JPEG or PNG, since no decoder here reads {them}"
    if packed := sorted(extensions & _PACKED):
        yield f"unpack {' and '.join(f'.{one}' for one in packed)}"
    if extensions - UNREAD_EXTENSIONS - _PACKED:
        yield "give --any_name to try every file by its content"
    yield "give a folder or pattern with images"
