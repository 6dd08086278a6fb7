"""Group sources and rows of tables into shards. The first run fixes the number of shards for all later runs."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator

import apache_beam as beam
from loguru import logger

from transforms import storage
from transforms.annotations.rows import annotated_columns
from transforms.dataset.plan import Plan, new_plan, read_plan, write_images_listed
from transforms.layouts import LAYOUTS
from transforms.listing.no_image import no_image_message
from transforms.listing.split import SourceTuple
from transforms.model.config import ATTRIBUTION, COLUMNS, ResizeConfig
from transforms.model.counting import counted
from transforms.model.errors import RunError
from transforms.model.keys import key_of, shard_index
from transforms.model.records import Tally
from transforms.sharding.items import ASSIGNED_TYPE, FOLDER_NUMBER, TABLE_NUMBERS, ItemTuple, ShardTuple
from transforms.sharding.streams import AssignToStreams, hashed_shards, shard_counts
from transforms.summary.progress import progress
from transforms.summary.worker_log import forward_log
from transforms.tables.columns import columns_of, rounded_columns
from transforms.tables.keys import Keys
from transforms.tables.rows import RowTuple

# An item of every shard, so that GroupByKey also returns shards without images.
_PLACEHOLDER: ItemTuple = b"", 0, 0.0, b""


def assign_source(
    source: SourceTuple, config: ResizeConfig, keys: Keys | None, plan: Plan
) -> tuple[ShardTuple, ItemTuple]:
    """Return the shard of a source, and the source as an item of that shard.

    Args:
        source: a listed source.
        config: the dataset.
        keys: the reader of the keys in tables; None if there are no tables.
        plan: the plan, which contains the number of shards of each split.
    """
    split, path, size, version, place = source
    key = key_of(config.key_prefix(split) + os.fsdecode(path))
    return _shard_of(split, keys.of_shard(key) if keys else key, plan), (path, size, version, place)


def assign_folders(
    split: str, folder: str, config: ResizeConfig, keys: Keys | None, plan: Plan
) -> Iterator[tuple[ShardTuple, ItemTuple]]:
    """Yield a folder below the root of a split and its parent folders, if they have the extension of an image.

    Each folder is an item of the shard whose images may have outputs with the folder's name.
    """
    while "." in folder:
        path = config.key_prefix(split) + folder
        if (key := key_of(path)) != path:
            shard = _shard_of(split, keys.of_shard(key) if keys else key, plan)
            yield shard, (os.fsencode(path), FOLDER_NUMBER, 0.0, b"")
        folder = posixpath.dirname(folder)


def assign_row(row: RowTuple, keys: Keys, plan: Plan) -> tuple[ShardTuple, ItemTuple]:
    """Return the shard of the image with the key of a row, and the row as an item of that shard.

    If there are several splits, a row matches an image only if its key begins with the split or it names the split.
    """
    table, row_split, row_key, number, cells = row
    split, key = row_split, os.fsdecode(row_key)
    if table in (COLUMNS, ATTRIBUTION):
        split, key = keys.with_split(key, row_split)
    item = os.fsencode(key), TABLE_NUMBERS[table], float(number), cells
    return _shard_of(split, keys.of_shard(key), plan), item


def _shard_of(split: str, key: str, plan: Plan) -> ShardTuple:
    return split, shard_index(key, hashed_shards(plan, split)), plan.shards[split]


def placeholders(plan: Plan) -> Iterator[tuple[ShardTuple, ItemTuple]]:
    """Yield a placeholder for every shard. `unpack_items` drops placeholders."""
    for shard in plan.all_shards():
        yield (shard.split, shard.number, shard.total), _PLACEHOLDER


def plan_shards(listing: Tally, config: ResizeConfig, earlier: Plan | None = None) -> Plan:
    """Return the plan for a listing.

    Args:
        listing: the tally of the inputs and of the rows of tables.
        config: the dataset.
        earlier: the plan of earlier runs, whose numbers of shards are kept; None in a first run.

    Raises:
        RunError: a split has no image, or labels or annotations contradict each other.
    """
    _check_images(listing, config)
    unwritten = earlier.unwritten if earlier else ()
    annotations, categories = annotated_columns(listing, config)
    columns = columns_of(listing, config, unwritten)._replace(annotations=annotations, categories=categories)
    shards, streams = (earlier.shards, earlier.streams) if earlier else shard_counts(listing, config)
    return new_plan(config, shards, columns)._replace(unwritten=unwritten, streams=streams)


def planned_shards(listing: Tally, config: ResizeConfig) -> int:
    """Return the number of shards in the plan of a first run. The tally need not include the rows of tables.

    Raises:
        RunError: a split has no image.
    """
    _check_images(listing, config)
    return sum(shard_counts(listing, config)[0].values())


def _check_images(listing: Tally, config: ResizeConfig) -> None:
    for split in config.splits:
        if not listing["splits"][split.name]["images"]:
            scope = " (all inputs together)" if len(config.splits) > 1 else ""
            where = f"-i {split.pattern!r}{scope}"
            raise RunError(no_image_message(where, listing["not_images"], listing["system_files"]))


class PlanShards(beam.PTransform):
    """The tally of the listing -> the plan: the plan of earlier runs, if any, with the current columns."""

    def __init__(self, config: ResizeConfig, run_id: str) -> None:
        super().__init__()
        self._config = config
        self._run_id = run_id

    def expand(self, listing: beam.PCollection[Tally]) -> beam.PCollection[Plan]:
        return listing | "MakePlan" >> beam.ParDo(_PlanFn(self._config, self._run_id))


class _PlanFn(beam.DoFn):
    def __init__(self, config: ResizeConfig, run_id: str) -> None:
        self._config = config
        self._run_id = run_id

    def setup(self) -> None:
        forward_log()

    def process(self, listing: Tally) -> Iterator[Plan]:
        earlier = read_plan(self._config.out_dir)
        plan = plan_shards(listing, self._config, earlier)
        for name, number in rounded_columns(listing, plan.columns).items():
            logger.warning(
                "--columns {!r}: rounded {} in column {!r}, because a float64 cannot hold all digits",
                self._config.columns,
                counted(number, "number"),
                name,
            )
        images = sum(total["images"] for total in listing["splits"].values())
        progress.set_total(images)
        write_images_listed(self._config.out_dir, self._run_id, images)
        yield plan


class GroupIntoShards(beam.PTransform):
    """Sources and rows of tables -> (shard, its items), for every shard of the plan.

    Args:
        config: the dataset.
        plan: the output of `PlanShards`.
        rows: the rows of the dataset's tables; None if it has no tables.
    """

    def __init__(
        self, config: ResizeConfig, plan: beam.PCollection[Plan], rows: beam.PCollection[RowTuple] | None
    ) -> None:
        super().__init__()
        self._config = config
        self._plan = plan
        self._rows = rows

    def expand(self, sources: beam.PCollection[SourceTuple]) -> beam.PCollection[tuple[ShardTuple, list[ItemTuple]]]:
        plan = beam.pvalue.AsSingleton(self._plan)
        config, keys = self._config, None if self._rows is None else Keys(self._config)
        items = [sources | "AssignShards" >> beam.ParDo(_AssignFn(config, keys), plan)]
        if self._rows is not None:
            items.append(self._rows | "AssignRows" >> beam.Map(assign_row, keys, plan).with_output_types(ASSIGNED_TYPE))
        if config.may_hold_archives:
            items = self._sent_to_streams(items)
        items.append(self._plan | "AddPlaceholders" >> beam.FlatMap(placeholders).with_output_types(ASSIGNED_TYPE))
        return items | "JoinPlaceholders" >> beam.Flatten() | "GroupShards" >> beam.GroupByKey()

    def _sent_to_streams(self, items: list[beam.PCollection]) -> list[beam.PCollection]:
        """Return the items. Move the items of splits with a .tar.gz to the shards that contain their images."""
        parting = beam.Partition(_has_streams, 2, beam.pvalue.AsSingleton(self._plan))
        others, of_streams = items | "JoinItems" >> beam.Flatten() | "SplitOffStreams" >> parting
        return [others, of_streams | "AssignToStreams" >> AssignToStreams(self._config, self._plan)]


@beam.typehints.with_output_types(ASSIGNED_TYPE)
class _AssignFn(beam.DoFn):
    """A source -> the source and its folders, as items of their shards.

    Sources in one folder often arrive together, so the latest folder is not emitted again.
    """

    def __init__(self, config: ResizeConfig, keys: Keys | None) -> None:
        self._config = config
        self._keys = keys
        # On a disk, a file and a folder cannot have the same path.
        self._has_tree = LAYOUTS[config.layout].keeps_tree and storage.is_local(config.out_dir)

    def start_bundle(self) -> None:
        self._latest = "", ""

    def process(self, source: SourceTuple, plan: Plan) -> Iterator[tuple[ShardTuple, ItemTuple]]:
        yield assign_source(source, self._config, self._keys, plan)
        folder = source[0], posixpath.dirname(os.fsdecode(source[1]))
        if self._has_tree and folder != self._latest:
            self._latest = folder
            yield from assign_folders(*folder, self._config, self._keys, plan)


def _has_streams(assigned: tuple[ShardTuple, ItemTuple], _count: int, plan: Plan) -> int:
    return int(assigned[0][0] in plan.streams)
