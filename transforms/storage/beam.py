"""Files of any store that one of Beam's file systems knows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from transforms.errors import StorageError

if TYPE_CHECKING:
    from apache_beam.io.filesystems import FileSystems

T = TypeVar("T")


def set_options(beam_args: Sequence[str]) -> None:
    """How stores are reached in this process: credentials, projects and the like, in Beam's flags."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    FileSystems.set_options(PipelineOptions(list(beam_args)))


def read(path: str) -> bytes:
    """A file's content."""
    with open_file(path) as file:
        return file.read()


def open_file(path: str) -> BinaryIO:
    """A file, local ones too, to be read as it is."""
    from apache_beam.io.filesystem import CompressionTypes

    return _file_systems(path).open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def size(path: str) -> int | None:
    """How many bytes a file has; None where there is none."""
    found = match(path)
    return found[0][1] if found else None


def exists(path: str) -> bool:
    """Whether a file is there."""
    return bool(_file_systems(path).exists(path))


def match(pattern: str, limit: int | None = None) -> list[tuple[str, int, float]]:
    """(path, bytes, seconds since 1970 of the last change) of the files that match, local ones too."""
    found = _file_systems(pattern).match([pattern], [limit])[0].metadata_list
    return [(one.path, one.size_in_bytes, one.last_updated_in_seconds or 0.0) for one in found]


def write(_out_dir: str, target: str, data: bytes) -> None:
    """Makes a file of some bytes."""
    with _create(target) as file:
        file.write(data)


def put(_out_dir: str, target: str, fill: Callable[[BinaryIO], T]) -> T:
    """Makes a file of what `fill` writes, once all of it is written."""
    with tempfile.TemporaryFile() as file:
        filled = fill(file)
        file.seek(0)
        with _create(target) as target_file:
            shutil.copyfileobj(file, target_file)
    return filled


def delete(_out_dir: str, target: str) -> None:
    """Deletes a file; a missing one is no error."""
    if exists(target):
        _file_systems(target).delete([target])


def _create(target: str) -> BinaryIO:
    from apache_beam.io.filesystem import CompressionTypes

    return _file_systems(target).create(target, compression_type=CompressionTypes.UNCOMPRESSED)


def _file_systems(path: str) -> type[FileSystems]:
    """Beam's file systems, one of which knows `path`.

    Raises:
        StorageError: none does.
    """
    from apache_beam.io.filesystems import FileSystems

    try:
        FileSystems.get_filesystem(path)
    except ValueError as error:
        scheme = path.partition("://")[0]
        raise StorageError(f"{path!r}: nothing here reads {scheme}://, give a local path or one of gs://") from error
    return FileSystems
