"""A transform for your own Beam pipelines: files -> resized images. docs/python.md documents it.

    ReadableFile
      | ResizeImages     -> ResizedImage(key, size, data, row, failure), one for each image and size

The graph of the command does not use it, since it resizes and commits whole shards (pipeline/graph.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io.filesystem import FileMetadata

from transforms import storage
from transforms.dataset.settings import versions
from transforms.imaging import Encoded, ImageError, ResizeSpec, SettingError
from transforms.imaging.strict import check_extra
from transforms.layouts import LAYOUTS
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.json_lines import manifest_line
from transforms.model.keys import key_of
from transforms.model.records import FailureRow, ManifestRow, Source
from transforms.resizing.assemble import failure_row, manifest_row
from transforms.resizing.library_check import check_libraries
from transforms.resizing.worker import WorkerSettings
from transforms.resizing.workers import workers_for
from transforms.summary import counters
from transforms.summary.tally import tally

__all__ = ["FailureRow", "ManifestRow", "ResizeImages", "ResizedImage", "manifest_line"]

_LAYOUT = "files"


class ResizedImage(NamedTuple):
    """One image at one size.

    Args:
        key: the file's path below the root, without its extension.
        size: one of the spec's sizes.
        data: the encoded output; None if the image failed or was skipped.
        row: the row that the manifest of a dataset would have. `row.status` is "written", "failed" or "skipped", and
            `row.path` is the path of the output in the layout `files`.
        failure: the row that the failures file of a dataset would have; None if the image did not fail.
    """

    key: str
    size: int
    data: bytes | None
    row: ManifestRow
    failure: FailureRow | None


def source_of(metadata: FileMetadata, root: str = "") -> Source:
    """Return the source that describes a file matched by Beam.

    Args:
        metadata: the metadata of the file.
        root: the folder that keys are relative to; "" makes the whole path the key.

    Raises:
        RunError: the file is not below the root.
    """
    if root and not storage.is_inside(metadata.path, root):
        raise RunError(
            f"{metadata.path!r} is not below root {root!r}: use the folder that the pattern begins with, written in "
            "the same way"
        )
    path = storage.below(root, metadata.path) if root else metadata.path
    version = metadata.last_updated_in_seconds or 0.0
    return Source(key_of(path), path, metadata.path, metadata.size_in_bytes, version)


def resize_file(source: Source, config: ResizeConfig) -> list[ResizedImage]:
    """Resize one source to all sizes in a worker process. Return an error in the image as a failure.

    Update the same Beam counters as the command.

    Args:
        source: a result of `source_of`.
        config: the configuration. Only `spec`, `processes` and `memory` are used.
    """
    workers = workers_for(config)
    (result,) = workers.submit([source], WorkerSettings(config.spec, staging="", memory=workers.memory)).results()
    name = LAYOUTS[_LAYOUT].name_of(source.key, result.extension)
    images = []
    for size, output in result.outputs.items():
        row = manifest_row(result, size, output, f"{config.size_folder(size)}{name}", {}, {})
        data = output.data if isinstance(output, Encoded) else None
        failure = failure_row(source, output) if isinstance(output, ImageError) else None
        images.append(ResizedImage(source.key, size, data, row, failure))
    failures = {image.failure for image in images if image.failure}
    counts = tally([image.row for image in images], list(failures), config.spec.sizes)
    counters.count(counts, sum(result.seconds.values()))
    return images


class ResizeImages(beam.PTransform):
    """`ReadableFile`s -> `ResizedImage`s: one for each file and size, including files that are not images.

    Args:
        spec: how to resize each image.
        root: the folder that keys are relative to, such as "photos" for the pattern "photos/**". With "", a key is
            the whole path without its extension.
        memory: the bytes that decoded images may use at the same time in the workers of one process; None for half
            of the machine's memory. An image that alone needs more fails as `too-large`.

    Raises:
        SettingError: the spec needs an extra that is not installed, or `memory` is not a whole number of 1 or more.
    """

    def __init__(self, spec: ResizeSpec, root: str | os.PathLike[str] = "", memory: int | None = None) -> None:
        super().__init__()
        check_extra(spec)
        if memory is not None and (type(memory) is not int or memory < 1):
            raise SettingError("memory", f"{memory!r} is not a number of bytes: use a whole number of 1 or more")
        self._root = os.fspath(root)
        self._config = ResizeConfig(
            splits=(),
            out_dir="",
            spec=spec,
            layout=_LAYOUT,
            images_per_shard=1,
            processes=os.cpu_count() or 1,  # a process is started only when enough threads call at the same time
            memory=memory,
        )

    def expand(self, files: beam.PCollection[fileio.ReadableFile]) -> beam.PCollection[ResizedImage]:
        return files | "ResizeFiles" >> beam.ParDo(_ResizeFileFn(self._config, self._root))


class _ResizeFileFn(beam.DoFn):
    def __init__(self, config: ResizeConfig, root: str) -> None:
        self._config = config
        self._root = root
        self._versions = versions(config)  # those of the process that builds the graph

    def setup(self) -> None:
        check_libraries(self._config, self._versions)

    def process(self, file: fileio.ReadableFile) -> Iterator[ResizedImage]:
        yield from resize_file(source_of(file.metadata, self._root), self._config)
