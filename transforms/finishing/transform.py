"""The markers of all shards -> the documents of the dataset, once everything is committed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io import fileio

from transforms import storage
from transforms.dataset.paths import LEASE_PATH, RECEIPTS_DIR
from transforms.dataset.plan import Part, Plan, parts, write_plan
from transforms.dataset.settings import settings
from transforms.finishing.documents import write_documents
from transforms.finishing.duplicate_files import CountDuplicates, digests_of
from transforms.finishing.parts import PartResult, read_markers, write_part
from transforms.model.config import ResizeConfig
from transforms.model.counting import counted
from transforms.model.errors import RunError
from transforms.model.records import Tally
from transforms.publish.metadata import loaded_columns
from transforms.summary.combine import Summarize
from transforms.summary.tally import merge

RESULTS, DIGESTS = "results", "digests"


def summary_of(
    listing: Tally, resized: Tally, duplicates: int, results: Sequence[PartResult], config: ResizeConfig
) -> dict[str, Any]:
    """Return the content of summary.json.

    Args:
        listing: the tally of the matched images and of the tables' rows.
        resized: the tally of the shards that this run resized or found committed.
        duplicates: the number of images with the same bytes as an earlier one.
        results: the results of all parts.
        config: the configuration of the dataset.

    Raises:
        RunError: the counts of the listing, this run and the markers do not match.
    """
    committed = merge(result.tally for result in results)
    _check_accounts(listing, resized, committed, config)
    outputs = merge(result.outputs for result in results)
    annotations = {
        table: _rows_of_annotations(counts, committed["annotations"][table])
        for table, counts in listing.get("annotations", {}).items()
    }
    return {
        **committed,
        **({"annotations": annotations} if annotations else {}),
        "duplicates": duplicates,
        "splits": {name: {**split, "outputs": outputs[name]} for name, split in listing["splits"].items()},
        "not_images": listing["not_images"],
        "system_files": listing["system_files"],
        "unread": dataclasses.asdict(config.unread),
        "settings": settings(config),
    }


def _rows_of_annotations(read: Tally, joined: Tally) -> Tally:
    """Return the counts of one table's rows.

    Args:
        read: the tally of its files.
        joined: the tally of the shards. A row that may describe an image of several splits is counted in each of them.
    """
    with_image = joined["rows"] - joined["rows_without_image"]
    rows = read["kept"] - read["kinds"].get("other-subset", 0)
    counts = {name: count for name, count in {**read, **joined}.items() if name != "rows"}
    return {**counts, "rows_without_image": max(0, rows - with_image)}


def unwritten_classes(listing: Tally, resized: Tally) -> tuple[str, ...]:
    """Return the sorted class folders none of whose images were written; () unless folders are classes."""
    return tuple(sorted({*listing.get("classes", {})} - {*resized.get("classes", {})}))


def _check_accounts(listing: Tally, resized: Tally, committed: Tally, config: ResizeConfig) -> None:
    """Check that the listing, this run and the markers count the same images and rows."""
    matched = sum(split["images"] for split in listing["splits"].values())
    images = committed["images"]
    accounted = images["written"] + images["failed"] + images["skipped"]
    if resized != committed or matched != accounted:
        raise RunError(
            f"the counts of {config.out_dir!r} do not match: {counted(matched, 'image')} matched, {accounted} in the "
            f"manifest, {resized['images']['matched']} processed by this run; run the same command again"
        )
    came = {**committed.get("tables", {}), **committed.get("annotations", {})}
    for table, counts in {**listing.get("tables", {}), **listing.get("annotations", {})}.items():
        if counts["rows"] != came[table]["rows"]:
            raise RunError(
                f"the counts of {config.out_dir!r} do not match: {counted(counts['rows'], 'row')} of --{table}, "
                f"{came[table]['rows']} reached a shard; run the same command again"
            )


class FinishDataset(beam.PTransform):
    """The plan -> the summary. Writes the documents of the dataset once all shards are committed.

    Deletes the temporary folder at the end.

    Args:
        config: the configuration of the dataset.
        receipts: the output of `WriteShards`.
        listing: the tally of the matched images and of the tables' rows.
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
        writing = beam.ParDo(_WritePartFn(self._config), receipts, one_plan, listing, resized)
        results = (
            plan
            | "SplitIntoParts" >> beam.FlatMap(numbered_parts)
            | "SpreadParts" >> beam.GroupByKey()  # distributes the parts over the workers
            | "GatherMarkers" >> writing.with_outputs(DIGESTS, main=RESULTS)
        )
        # RESULTS: results of a hundred shards each, all with the key 0. DIGESTS: digests of their sources.
        duplicates = beam.pvalue.AsList(results[DIGESTS] | "CountDuplicates" >> CountDuplicates())
        finishing = beam.ParDo(_FinishFn(self._config), one_plan, listing, resized, duplicates)
        return results[RESULTS] | "JoinParts" >> beam.GroupByKey() | "Finish" >> finishing


def numbered_parts(plan: Plan) -> Iterator[tuple[int, Part]]:
    """Yield the parts of the manifest by their numbers."""
    return ((part.number, part) for part in parts(plan))


class _WritePartFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(
        self,
        numbered: tuple[int, Iterable[Part]],
        receipts: list[fileio.FileResult],
        plan: Plan,
        listing: Tally,
        resized: Tally,
    ) -> Iterator[tuple[int, PartResult] | beam.pvalue.TaggedOutput]:
        (part,) = numbered[1]
        # WriteToFiles reports a file as written even if it could not move the file to its place.
        for receipt in receipts if part.number == 0 else ():
            path = storage.join(self._config.out_dir, f"{RECEIPTS_DIR}/{receipt.file_name}")
            if not storage.exists(path):
                raise RunError(f"the receipts {path!r} were not written: run the same command again")
        markers = read_markers(part, self._config)
        rows = (row for marker in markers for row in marker.rows[:: len(self._config.spec.sizes)])
        for digests in digests_of(rows):
            yield beam.pvalue.TaggedOutput(DIGESTS, digests)
        columns = loaded_columns(plan.columns, listing, resized, self._config)
        yield 0, write_part(part, markers, columns, self._config)


class _FinishFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(
        self,
        results: tuple[int, Iterable[PartResult]],
        plan: Plan,
        listing: Tally,
        resized: Tally,
        duplicates: list[int],
    ) -> Iterator[dict[str, Any]]:
        ordered = sorted(results[1], key=lambda result: result.number)
        summary = summary_of(listing, resized, sum(duplicates), ordered, self._config)
        columns = loaded_columns(plan.columns, listing, resized, self._config)
        write_documents(plan, columns, summary, ordered, self._config)
        if (unwritten := unwritten_classes(listing, resized)) != plan.unwritten:
            # The next run numbers only the remaining classes.
            write_plan(self._config.out_dir, plan._replace(unwritten=unwritten))
        storage.delete_tree(storage.join(self._config.out_dir, storage.TEMPORARY_DIR))
        if not storage.is_local(self._config.out_dir):
            storage.delete_all(self._config.out_dir, [LEASE_PATH])
        yield summary
