"""A sample, resized in memory: what each image takes and gives, and how fast this machine is."""

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


class Measured(NamedTuple):
    """One image of the sample.

    Args:
        source_bytes: its size as it was listed.
        cpu_seconds: what reading, resizing and encoding it took.
        outputs: size in pixels -> bytes of its output, 0 where there is none.
        row_bytes: what its rows take in the manifest and the failures.
        archive_bytes: what its outputs take in archives.
        tally: what became of it.
    """

    source_bytes: int
    cpu_seconds: float
    outputs: dict[int, int]
    row_bytes: int
    archive_bytes: int
    tally: Tally


class Measurement(NamedTuple):
    """A sample, and the seconds that it took all threads together."""

    images: tuple[Measured, ...]
    seconds: float


def measure(sample: Sequence[Source], config: ResizeConfig) -> Measurement:
    """Resizes every image of `sample`, at least one, with as many threads as a run; keeps none of the outputs."""
    budget = MemoryBudget(config.memory or machine_memory() // 2)
    one = functools.partial(
        _measure_one, config=config, process_image=functools.partial(process_image, admit=budget.admit)
    )
    one(sample[0])  # libraries are loaded and connections opened with the first image, and not counted
    start = time.perf_counter()
    with ThreadPoolExecutor(config.threads) as pool:
        images = tuple(pool.map(one, sample))
    return Measurement(images, time.perf_counter() - start)


def _measure_one(source: Source, config: ResizeConfig, process_image: ProcessImage) -> Measured:
    start = time.thread_time()
    result = process_source(source, config, process_image)
    seconds = time.thread_time() - start
    shard = assemble(Shard(config.splits[0].name, 0, 1), "", [result], config)
    sizes = {image.row.size: len(image.file.data) for image in shard.images}
    return Measured(
        source_bytes=source.bytes,
        cpu_seconds=seconds,
        outputs={size: sizes.get(size, 0) for size in config.spec.sizes},
        row_bytes=sum(map(len, (*map(manifest_line, shard.rows), *map(json_line, shard.failures)))),
        archive_bytes=sum(map(archived_bytes, shard.images)),
        tally=shard.tally,
    )


def archived_bytes(image: OutputImage) -> int:
    """What an output and its JSON take in a tar archive: each has a header, and both fill whole blocks."""
    members = (len(image.file.data), len(sample_json(image.row)))
    return sum(tarfile.BLOCKSIZE * (1 + -(-length // tarfile.BLOCKSIZE)) for length in members)
