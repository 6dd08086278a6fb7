"""The markers of all shards -> the dataset's own tables and texts, once everything is committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io import fileio

from transforms import storage
from transforms.dataset import attempts
from transforms.dataset.paths import LEASE_PATH, RECEIPTS_DIR
from transforms.dataset.plan import Part, Plan, parts, write_plan
from transforms.dataset.settings import settings
from transforms.finishing.documents import write_documents
from transforms.finishing.duplicates import CountDuplicates, digests_of
from transforms.finishing.parts import PartResult, read_markers, write_part
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import Tally
from transforms.publish.metadata import loaded_columns
from transforms.summary.combine import Summarize
from transforms.summary.tally import merge

GATHERED, DIGESTS = "gathered", "digests"


def summary_of(
    listing: Tally, resized: Tally, duplicates: Tally, gathered: Sequence[PartResult], config: ResizeConfig
) -> dict[str, Any]:
    """The content of summary.json.

    Args:
        listing: the tally of what was matched, and of the tables' rows.
        resized: the tally of what this run resized or found committed.
        duplicates: how many images are another one's bytes.
        gathered: all parts; what their markers add up to.
        config: the dataset.

    Raises:
        RunError: the listing, this run and the markers do not agree.
    """
    joined = merge(one.tally for one in gathered)
    _check_accounts(listing, resized, joined, config)
    outputs = merge(one.outputs for one in gathered)
    return {
        **joined,
        **duplicates,
        "splits": {name: {**split, "outputs": outputs[name]} for name, split in listing["splits"].items()},
        "not_images": listing["not_images"],
        "system_files": listing["system_files"],
        "settings": settings(config),
    }


def unwritten_classes(listing: Tally, resized: Tally) -> tuple[str, ...]:
    """The folders with images of which none was written, in order; none where folders are no classes."""
    return tuple(sorted({*listing.get("classes", {})} - {*resized.get("classes", {})}))


def _check_accounts(listing: Tally, resized: Tally, joined: Tally, config: ResizeConfig) -> None:
    matched = sum(split["images"] for split in listing["splits"].values())
    images = joined["images"]
    accounted = images["written"] + images["failed"] + images["skipped"]
    if resized != joined or matched != accounted:
        raise RunError(
            f"the accounts of {config.out_dir!r} do not agree: {matched} images matched, {accounted} in the manifest, "
            f"{resized['images']['matched']} passed through this run; give the same command again"
        )
    for table, read in listing.get("tables", {}).items():
        if read["rows"] != joined["tables"][table]["rows"]:
            raise RunError(
                f"the accounts of {config.out_dir!r} do not agree: {read['rows']} rows of --{table}, "
                f"{joined['tables'][table]['rows']} came to a shard; give the same command again"
            )


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
        receipts, one_plan = beam.pvalue.AsList(self._receipts), beam.pvalue.AsSingleton(plan)
        listing = beam.pvalue.AsSingleton(self._listing)
        resized = beam.pvalue.AsSingleton(self._resized | "SumShards" >> Summarize())
        gathering = beam.ParDo(_GatherFn(self._config), receipts, one_plan, listing, resized)
        gathered = (
            plan
            | "SplitIntoParts" >> beam.FlatMap(parts)
            | "SpreadParts" >> beam.Reshuffle()
            | "GatherMarkers" >> gathering.with_outputs(DIGESTS, main=GATHERED)
        )
        #  of a hundred shards each: tallies and pieces; digests of the sources
        finishing = beam.ParDo(
            _FinishFn(self._config),
            one_plan,
            listing,
            resized,
            beam.pvalue.AsSingleton(gathered[DIGESTS] | "CountDuplicates" >> CountDuplicates()),
        )
        return gathered[GATHERED] | "JoinParts" >> beam.combiners.ToList() | "Finish" >> finishing


class _GatherFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(
        self, part: Part, receipts: list[fileio.FileResult], plan: Plan, listing: Tally, resized: Tally
    ) -> Iterator[PartResult | beam.pvalue.TaggedOutput]:
        # WriteToFiles reports a file as written also where it could not move it to its place.
        for receipt in receipts if part.number == 0 else ():
            path = storage.join(self._config.out_dir, f"{RECEIPTS_DIR}/{receipt.file_name}")
            if not storage.exists(path):
                raise RunError(f"the receipts {path!r} were not written: give the same command again")
        markers = read_markers(part, self._config)
        rows = (row for marker in markers for row in marker.rows[:: len(self._config.spec.sizes)])
        for digests in digests_of(rows):
            yield beam.pvalue.TaggedOutput(DIGESTS, digests)
        yield write_part(part, markers, loaded_columns(plan.columns, listing, resized, self._config), self._config)


class _FinishFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(
        self, gathered: list[PartResult], plan: Plan, listing: Tally, resized: Tally, duplicates: Tally
    ) -> Iterator[dict[str, Any]]:
        ordered = sorted(gathered, key=lambda one: one.number)
        summary = summary_of(listing, resized, duplicates, ordered, self._config)
        write_documents(
            plan, loaded_columns(plan.columns, listing, resized, self._config), summary, ordered, self._config
        )
        if (unwritten := unwritten_classes(listing, resized)) != plan.unwritten:
            write_plan(self._config.out_dir, plan._replace(unwritten=unwritten))  # the next run numbers the others
        storage.delete_tree(storage.join(self._config.out_dir, storage.TEMPORARY_DIR))
        attempts.forget(self._config.out_dir)
        if not storage.is_local(self._config.out_dir):
            storage.delete_all(self._config.out_dir, [LEASE_PATH])
        yield summary
