"""The markers of all shards -> manifest, failures and summary, once everything is committed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.io import fileio

from transforms import attempts, storage
from transforms.config import ResizeConfig, settings
from transforms.dataset import LEASE_PATH, RECEIPTS_DIR, SUMMARY_PATH, Part, Plan, parts
from transforms.errors import RunError
from transforms.marker import read_marker
from transforms.summarize import Summarize, Tally, merge


def join_markers(part: Part, config: ResizeConfig) -> Tally:
    """Writes one part of the manifest and of the failures; gives the sum of its shards' tallies.

    Raises:
        RunError: a shard is not committed.
    """
    rows: list[bytes] = []
    failures: list[bytes] = []
    tallies: list[Tally] = []
    for shard in part.shards:
        marker = read_marker(config.out_dir, shard)
        if marker is None:
            raise RunError(f"shard {shard.name} of {config.out_dir!r} is not committed: give the same command again")
        rows += marker.rows
        failures += marker.failures
        tallies.append(marker.header.tally)
    storage.write(config.out_dir, part.path("manifest"), b"".join(rows))
    storage.write(config.out_dir, part.path("failures"), b"".join(failures))
    return merge(tallies)


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
        return (
            plan
            | "SplitIntoParts" >> beam.FlatMap(parts)
            | "SpreadParts" >> beam.Reshuffle()
            | "JoinMarkers" >> beam.ParDo(_JoinFn(self._config), beam.pvalue.AsList(self._receipts))
            | "SumParts" >> Summarize()
            | "WriteSummary"
            >> beam.ParDo(
                _FinishFn(self._config),
                beam.pvalue.AsSingleton(self._listing),
                beam.pvalue.AsSingleton(self._resized | "SumShards" >> Summarize()),
            )
        )


class _JoinFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(self, part: Part, receipts: list[fileio.FileResult]) -> Iterator[Tally]:
        # WriteToFiles reports a file as written also where it could not move it to its place.
        for receipt in receipts if part.number == 0 else ():
            path = storage.join(self._config.out_dir, f"{RECEIPTS_DIR}/{receipt.file_name}")
            if not storage.exists(path):
                raise RunError(f"the receipts {path!r} were not written: give the same command again")
        yield join_markers(part, self._config)


class _FinishFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(self, joined: Tally, listing: Tally, resized: Tally) -> Iterator[dict[str, Any]]:
        summary = summary_of(listing, resized, joined, self._config)
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        storage.write(self._config.out_dir, SUMMARY_PATH, text.encode("utf-8", "backslashreplace"))
        storage.delete_tree(storage.join(self._config.out_dir, storage.TEMPORARY_DIR))
        attempts.forget(self._config.out_dir)
        if not storage.is_local(self._config.out_dir):
            storage.delete_all(self._config.out_dir, [LEASE_PATH])
        yield summary
