"""Resize a sample in memory: the CPU time and the output of each image, and the speed of this machine."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Sequence
from typing import NamedTuple

from transforms.layouts.webdataset import sample_json
from transforms.model.config import ResizeConfig
from transforms.model.json_lines import json_line, manifest_line
from transforms.model.records import OutputImage, Shard, Source, Tally
from transforms.resizing.assemble import assemble
from transforms.resizing.source_result import SourceResult
from transforms.resizing.worker import WorkerSettings
from transforms.resizing.workers import close_workers, workers_for


class MeasuredImage(NamedTuple):
    """One image of the sample.

    Args:
        source_bytes: the size of its file, as listed.
        cpu_seconds: the CPU time for reading, resizing and encoding it.
        outputs: size in pixels -> bytes of its output, 0 if it has none.
        row_bytes: the bytes of its rows in the manifest and the failures.
        archive_bytes: the bytes of its outputs in archives.
        tally: its counts in the summary.
    """

    source_bytes: int
    cpu_seconds: float
    outputs: dict[int, int]
    row_bytes: int
    archive_bytes: int
    tally: Tally


class Measurement(NamedTuple):
    """The measured images, and the wall-clock seconds that all workers together needed for them."""

    images: tuple[MeasuredImage, ...]
    seconds: float


def measure(sample: Sequence[Source], config: ResizeConfig) -> Measurement:
    """Resize all images of a nonempty sample with the workers of a run, and discard the outputs."""
    workers = workers_for(config)
    settings = WorkerSettings(config.spec, staging="", memory=workers.memory, web=config.web)
    warm_up = [sample[0]] * config.processes  # not measured: it starts processes and opens connections
    workers.submit(warm_up, settings).results()
    start = time.perf_counter()
    results = workers.submit(sample, settings).results()
    seconds = time.perf_counter() - start
    close_workers()
    return Measurement(
        tuple(_measured(result, config) for result in sorted(results, key=lambda result: result.source.path)), seconds
    )


def _measured(result: SourceResult, config: ResizeConfig) -> MeasuredImage:
    shard = assemble(Shard(config.splits[0].name, 0, 1), "", [result], config)
    sizes = {image.row.size: image.file.size for image in shard.images}
    return MeasuredImage(
        source_bytes=result.source.bytes,
        cpu_seconds=sum(result.seconds.values()),
        outputs={size: sizes.get(size, 0) for size in config.spec.sizes},
        row_bytes=sum(map(len, (*map(manifest_line, shard.rows), *map(json_line, shard.failures)))),
        archive_bytes=sum(map(archived_bytes, shard.images)),
        tally=shard.tally,
    )


def archived_bytes(image: OutputImage) -> int:
    """Return the bytes of an output and its JSON in a tar archive. Each has a header and is padded to whole blocks."""
    members = (image.file.size, len(sample_json(image.row)))
    return sum(tarfile.BLOCKSIZE * (1 + -(-length // tarfile.BLOCKSIZE)) for length in members)
