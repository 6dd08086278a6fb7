"""The markers of all shards -> manifest, failures, archives and summary, once everything is committed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io import fileio

from transforms import attempts, storage
from transforms.config import ResizeConfig, settings
from transforms.dataset import ARCHIVES_PATH, LEASE_PATH, RECEIPTS_DIR, SUMMARY_PATH, Part, Plan, has_archives, parts
from transforms.elements import ArchiveRow, Shard, json_line
from transforms.errors import RunError
from transforms.marker import Header, read_marker
from transforms.summarize import Summarize, Tally, merge


class Joined(NamedTuple):
    """What the markers of one part add up to: its number, their tally, and the archives in the order of the shards."""

    number: int
    tally: Tally
    archives: tuple[ArchiveRow, ...]


def join_markers(part: Part, config: ResizeConfig) -> Joined:
    """Writes one part of the manifest and of the failures.

    Raises:
        RunError: a shard is not committed.
    """
    rows: list[bytes] = []
    failures: list[bytes] = []
    tallies: list[Tally] = []
    archives: list[ArchiveRow] = []
    for shard in part.shards:
        marker = read_marker(config.out_dir, shard)
        if marker is None:
            raise RunError(f"shard {shard.name} of {config.out_dir!r} is not committed: give the same command again")
        rows += marker.rows
        failures += marker.failures
        tallies.append(marker.header.tally)
        archives += archives_of(shard, marker.header, config)
    storage.write(config.out_dir, part.path("manifest"), b"".join(rows))
    storage.write(config.out_dir, part.path("failures"), b"".join(failures))
    return Joined(part.number, merge(tallies), tuple(archives))


def archives_of(shard: Shard, header: Header, config: ResizeConfig) -> list[ArchiveRow]:
    """A shard's archives, one a size; in layout `files` none."""
    if not has_archives(config.layout):
        return []
    return [
        ArchiveRow(path, shard.split, size, header.tally["outputs"][str(size)]["images"], length, sha256)
        for size, (path, length, sha256) in zip(config.spec.sizes, header.files, strict=True)
    ]


def write_archives(parts: Iterable[Joined], config: ResizeConfig) -> None:
    """Writes the table of archives, in the order of the shards, and of each the largest size first."""
    rows = [row for part in sorted(parts, key=lambda part: part.number) for row in part.archives]
    storage.write(config.out_dir, ARCHIVES_PATH, b"".join(map(json_line, rows)))


def summary_of(listing: Tally, resized: Tally, joined: Tally, config: ResizeConfig) -> dict[str, Any]:
    """The content of summary.json.

    Args:
        listing: the tally of what was matched.
        resized: the tally of what this run resized or found committed.
        joined: the tally of all markers.
        config: the dataset.

    Raises:
        RunError: the three do not agree.
    """
    matched = sum(split["images"] for split in listing["splits"].values())
    images = joined["images"]
    accounted = images["written"] + images["failed"] + images["skipped"]
    if resized != joined or matched != accounted:
        raise RunError(
            f"the accounts of {config.out_dir!r} do not agree: {matched} images matched, {accounted} in the manifest, "
            f"{resized['images']['matched']} passed through this run; give the same command again"
        )
    return {
        **joined,
        "splits": listing["splits"],
        "not_images": listing["not_images"],
        "settings": settings(config),
    }


class FinishDataset(beam.PTransform):
    """The plan, once all receipts are there -> the dataset's own tables, and an end of the temporary folder.

    Args:
        config: the dataset.
        receipts: what `WriteShards` gave.
        listing: the tally of what was matched.
        resized: the tallies of the shards.
    """

    def __init__(
        self,
        config: ResizeConfig,
        receipts: beam.PCollection[fileio.FileResult],
        listing: beam.PCollection[Tally],
        resized: beam.PCollection[Tally],
    ) -> None:
        super().__init__()
        self._config = config
        self._receipts = receipts
        self._listing = listing
        self._resized = resized

    def expand(self, plan: beam.PCollection[Plan]) -> beam.PCollection[dict[str, Any]]:
        joined = (
            plan
            | "SplitIntoParts" >> beam.FlatMap(parts)
            | "SpreadParts" >> beam.Reshuffle()
            | "JoinMarkers" >> beam.ParDo(_JoinFn(self._config), beam.pvalue.AsList(self._receipts))
        )
        #  tally and archives of a hundred shards
        return (
            joined
            | "TakeTallies" >> beam.Map(lambda one: one.tally)
            | "SumParts" >> Summarize()
            | "WriteSummary"
            >> beam.ParDo(
                _FinishFn(self._config),
                beam.pvalue.AsSingleton(self._listing),
                beam.pvalue.AsSingleton(self._resized | "SumShards" >> Summarize()),
                beam.pvalue.AsList(joined),
            )
        )


class _JoinFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(self, part: Part, receipts: list[fileio.FileResult]) -> Iterator[Joined]:
        # WriteToFiles reports a file as written also where it could not move it to its place.
        for receipt in receipts if part.number == 0 else ():
            path = storage.join(self._config.out_dir, f"{RECEIPTS_DIR}/{receipt.file_name}")
            if not storage.exists(path):
                raise RunError(f"the receipts {path!r} were not written: give the same command again")
        yield join_markers(part, self._config)


class _FinishFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(self, joined: Tally, listing: Tally, resized: Tally, parts: list[Joined]) -> Iterator[dict[str, Any]]:
        summary = summary_of(listing, resized, joined, self._config)
        if has_archives(self._config.layout):
            write_archives(parts, self._config)
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        storage.write(self._config.out_dir, SUMMARY_PATH, text.encode("utf-8", "backslashreplace"))
        storage.delete_tree(storage.join(self._config.out_dir, storage.TEMPORARY_DIR))
        attempts.forget(self._config.out_dir)
        if not storage.is_local(self._config.out_dir):
            storage.delete_all(self._config.out_dir, [LEASE_PATH])
        yield summary
