"""Resize a sample in memory: the CPU time and the output of each image, and the speed of this machine."""

from __future__ import annotations

import functools
import tarfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from transforms.imaging.resize import process_image
from transforms.layouts.webdataset import sample_json
from transforms.model.config import ResizeConfig
from transforms.model.json_lines import json_line, manifest_line
from transforms.model.records import OutputImage, Shard, Source, Tally
from transforms.resizing.assemble import assemble
from transforms.resizing.memory_budget import MemoryBudget, machine_memory
from transforms.resizing.process import ProcessImage, process_source


class MeasuredImage(NamedTuple):
    """One image of the sample.

    Args:
        source_bytes: the size of its file, as listed.
        cpu_seconds: the CPU time of reading, resizing and encoding it.
        outputs: size in pixels -> bytes of its output, 0 if there is none.
        row_bytes: the bytes of its rows in the manifest and the failures.
        archive_bytes: the bytes of its outputs in archives.
        tally: the counts that it adds to the summary.
    """

    source_bytes: int
    cpu_seconds: float
    outputs: dict[int, int]
    row_bytes: int
    archive_bytes: int
    tally: Tally


class Measurement(NamedTuple):
    """The measured images, and the wall-clock seconds that all threads together took for them."""

    images: tuple[MeasuredImage, ...]
    seconds: float


def measure(sample: Sequence[Source], config: ResizeConfig) -> Measurement:
    """Resize every image of `sample`, at least one, with the threads of a run, and discard the outputs."""
    budget = MemoryBudget(config.memory or machine_memory() // 2)
    measure_image = functools.partial(
        _measure_image, config=config, process_image=functools.partial(process_image, admit=budget.admit)
    )
    measure_image(sample[0])  # not measured: it loads libraries and opens connections
    start = time.perf_counter()
    with ThreadPoolExecutor(config.threads) as pool:
        images = tuple(pool.map(measure_image, sample))
    return Measurement(images, time.perf_counter() - start)


def _measure_image(source: Source, config: ResizeConfig, process_image: ProcessImage) -> MeasuredImage:
    start = time.thread_time()
    result = process_source(source, config, process_image)
    seconds = time.thread_time() - start
    shard = assemble(Shard(config.splits[0].name, 0, 1), "", [result], config)
    sizes = {image.row.size: len(image.file.data) for image in shard.images}
    return MeasuredImage(
        source_bytes=source.bytes,
        cpu_seconds=seconds,
        outputs={size: sizes.get(size, 0) for size in config.spec.sizes},
        row_bytes=sum(map(len, (*map(manifest_line, shard.rows), *map(json_line, shard.failures)))),
        archive_bytes=sum(map(archived_bytes, shard.images)),
        tally=shard.tally,
    )


def archived_bytes(image: OutputImage) -> int:
    """Return the bytes of an output and its JSON in a tar archive: each has a header and fills whole blocks."""
    members = (len(image.file.data), len(sample_json(image.row)))
    return sum(tarfile.BLOCKSIZE * (1 + -(-length // tarfile.BLOCKSIZE)) for length in members)
