"""Files of any store that one of Beam's file systems supports."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from transforms.model.errors import StorageError

if TYPE_CHECKING:
    from apache_beam.io.filesystems import FileSystems

T = TypeVar("T")

BACK_OFF = (1, 4, 16)

# Python's built-in errors that Beam's file systems raise for a wrong path, a wrong setting or a missing library.
_REFUSALS = (AssertionError, ImportError, NotImplementedError, ValueError)
# Any number of folders in a pattern.
_ANY_FOLDERS = re.compile(r"(?:/\*\*)+/")
# A byte of a path that is not UTF-8, as `os.fsdecode` returns it.
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_OUR_PACKAGES = frozenset({"transforms", "pipeline"})


def set_options(beam_args: Sequence[str]) -> None:
    """Set how this process accesses stores, such as its credentials and project, from Beam's flags."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    FileSystems.set_options(PipelineOptions(list(beam_args)))


def is_failure(error: BaseException) -> bool:
    """Return whether a file system, or the client that it uses, raised an error.

    Clients have their own classes of errors. A built-in class counts only if it is about input and output, or if a
    library raised it to reject something.
    """
    from http.client import HTTPException  # slow to load, and not needed by workers, which do not read stores

    if isinstance(error, (OSError, HTTPException)):
        return True
    if isinstance(error, _REFUSALS) and type(error).__module__ == "builtins":
        return _package(_raised_in(error)) not in {*_OUR_PACKAGES, *sys.stdlib_module_names}
    return _package(type(error).__module__) not in {*_OUR_PACKAGES, *sys.stdlib_module_names}


def _raised_in(error: BaseException) -> str:
    """Return the name of the module whose code raised an error."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace.tb_frame.f_globals["__name__"] if trace else "builtins"


def _package(module: str) -> str:
    return module.partition(".")[0]


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open_file(path) as file:
        return file.read()


def read_range(path: str, offset: int, length: int) -> bytes:
    """Return `length` bytes of a file from `offset` on, or fewer if the file ends earlier."""
    with open_file(path) as file:
        file.seek(offset)
        return file.read(length)


def open_file(path: str) -> BinaryIO:
    """Open a file for reading, without decompressing it."""
    from apache_beam.io.filesystem import CompressionTypes

    return _file_systems(path).open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def size(path: str) -> int | None:
    """Return the size of a file in bytes, or None if there is no such file."""
    matched = match(path)
    return matched[0][1] if matched else None


def exists(path: str) -> bool:
    """Return whether there is a file at `path`."""
    return bool(_file_systems(path).exists(path))


def match(pattern: str, limit: int | None = None) -> list[tuple[str, int, float]]:
    """Return (path, bytes, seconds since 1970 of the last change) of all files that match a pattern, even locally."""
    wide = widened(pattern)
    files = _file_systems(pattern).match([wide], [limit if wide == pattern else None])[0].metadata_list
    listed = ((file.path, file.size_in_bytes, file.last_updated_in_seconds or 0.0) for file in files)
    return list(listed if wide == pattern else itertools.islice(matching(pattern, listed), limit))


def matching(pattern: str, files: Iterable[tuple[str, int, float]]) -> Iterator[tuple[str, int, float]]:
    """Return the files whose paths match a pattern."""
    expression = expression_of(pattern)
    return (file for file in files if expression.match(file[0]))


def widened(pattern: str) -> str:
    """Return a pattern for Beam's file systems that is valid UTF-8 and matches at least what `pattern` does."""
    return _NOT_UTF8.sub("?", _ANY_FOLDERS.sub("/**", pattern))


def expression_of(pattern: str) -> re.Pattern[str]:
    """Return the regular expression for the paths that match a pattern.

    The syntax is that of Beam's file systems, except that `/**/` also matches no folder.
    """
    from apache_beam.io.filesystem import FileSystem

    # No path has a NUL.
    return re.compile(FileSystem.translate_pattern(_ANY_FOLDERS.sub("/\0", pattern)).replace("\0", "(?:.*/)?"))


def write(_out_dir: str, target: str, data: bytes) -> None:
    """Write `data` to a file."""
    with _create(target) as file:
        file.write(data)


def put(_out_dir: str, target: str, fill: Callable[[BinaryIO], T]) -> T:
    """Let `fill` write to a temporary file, then write its content to `target`. Return the result of `fill`."""
    with tempfile.TemporaryFile() as file:
        filled = fill(file)
        file.seek(0)
        with _create(target) as target_file:
            shutil.copyfileobj(file, target_file)
    return filled


def move(_out_dir: str, source: str, target: str) -> None:
    """Move a file to another name."""
    _file_systems(source).rename([source], [target])


def delete(_out_dir: str, target: str) -> None:
    """Delete a file, if it exists."""
    if exists(target):
        _file_systems(target).delete([target])


def _create(target: str) -> BinaryIO:
    from apache_beam.io.filesystem import CompressionTypes

    return _file_systems(target).create(target, compression_type=CompressionTypes.UNCOMPRESSED)


def _file_systems(path: str) -> type[FileSystems]:
    """Return Beam's file systems, one of which supports `path`.

    Raises:
        StorageError: none of them supports it.
    """
    from apache_beam.io.filesystems import FileSystems

    try:
        FileSystems.get_filesystem(path)
    except ValueError as error:
        scheme = path.partition("://")[0]
        raise StorageError(
            f"{path!r}: {scheme}:// is not supported: use a local path, or a gs:// or s3:// path"
        ) from error
    return FileSystems
