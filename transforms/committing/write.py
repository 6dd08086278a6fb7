"""Resized shards -> their files and markers in OUT. Each shard is committed independently, as soon as it is resized."""

from __future__ import annotations

import time
from typing import Any, BinaryIO

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.options.value_provider import StaticValueProvider

from transforms import storage
from transforms.annotations.yolo import label_files
from transforms.dataset.markers import marker_bytes, marker_path, read_header
from transforms.dataset.paths import RECEIPTS_DIR
from transforms.layouts import LAYOUTS
from transforms.model.annotations import YOLO
from transforms.model.config import ResizeConfig
from transforms.model.json_lines import json_line
from transforms.model.records import ResizedShard
from transforms.summary.progress import progress


def commit(resized: ResizedShard, config: ResizeConfig) -> None:
    """Write the files of a shard, then its marker.

    Delete files that an earlier marker of the shard lists and that the shard no longer has. Names and bytes depend
    on the shard alone, so a second call has the same result, even if the first one was interrupted.

    Raises:
        StorageError: a file cannot be written. The shard is not committed.
    """
    folders = [config.size_folder(size) for size in config.spec.sizes]
    files = list(LAYOUTS[config.layout].pack(resized.shard, folders, resized.images, resized.columns))
    if config.annotations and YOLO in config.annotations.formats:
        files += label_files(resized.images)
    storage.write_all(config.out_dir, files)
    earlier = read_header(config.out_dir, resized.shard)
    if earlier:
        kept = {file.path for file in files}
        storage.delete_all(config.out_dir, [path for path, _, _ in earlier.files if path not in kept])
    storage.write(config.out_dir, marker_path(resized.shard), marker_bytes(resized, files))


class ShardSink(fileio.FileSink):
    """Commits each `ResizedShard`, and writes its receipt to the file that Beam opens for the sink."""

    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def open(self, fh: BinaryIO) -> None:
        self._receipts = fh

    def write(self, record: ResizedShard) -> None:
        if not record.committed:
            commit(record, self._config)
            progress.add_committed_shard(record.shard, record.tally, record.seconds)
        self._receipts.write(json_line(_receipt(record)))

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""


def _receipt(record: ResizedShard) -> dict[str, Any]:
    """Return the receipt of a shard: what the run did, and when. `pipeline.history.receipts` reads it."""
    return {
        "shard": record.shard.name,
        "again": not record.committed,
        "time": round(time.time(), 3),
        **record.tally["images"],
        "stages": {stage: round(seconds, 6) for stage, seconds in record.seconds.items()},
    }


class WriteShards(beam.PTransform):
    """`ResizedShard`s -> the files with their receipts. Commits the shards that are not committed.

    Args:
        config: the configuration of the dataset.
        run_id: the ID of the run, which becomes part of the names of the receipts.
    """

    def __init__(self, config: ResizeConfig, run_id: str) -> None:
        super().__init__()
        self._config = config
        self._run_id = run_id

    def expand(self, shards: beam.PCollection[ResizedShard]) -> beam.PCollection[fileio.FileResult]:
        config, out_dir = self._config, self._config.out_dir
        temporary = storage.join(out_dir, f"{storage.TEMPORARY_DIR}/receipts-{self._run_id}")
        return shards | "WriteToFiles" >> fileio.WriteToFiles(
            path=storage.join(out_dir, RECEIPTS_DIR),
            destination=f"receipts-{self._run_id}",
            sink=lambda _destination: ShardSink(config),
            file_naming=fileio.destination_prefix_naming(".jsonl"),
            temp_directory=StaticValueProvider(str, temporary),
        )
