"""SourceTuple sources -> shards, whose number the first run fixes for all runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import apache_beam as beam
from loguru import logger

from transforms.dataset.plan import Plan, new_plan, read_plan
from transforms.imaging.naming import key_of, shard_index
from transforms.listing.match import SourceTuple, to_source
from transforms.listing.no_image import no_image_message
from transforms.model.config import ATTRIBUTION, COLUMNS, ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import Shard, Source, Tally
from transforms.summary.progress import progress
from transforms.summary.worker_log import forward_log
from transforms.tables.columns import columns_of, rounded_columns
from transforms.tables.join import TableRow
from transforms.tables.keys import Keys
from transforms.tables.rows import RowTuple

ShardTuple = tuple[str, int, int]

# What is grouped: a source as it was listed (its path, bytes and version), or a row of a table (its key, a negative
# number that says which table, its number, and its cells as JSON).
Member = tuple[bytes, int, float, bytes]
ITEM_TYPE = beam.typehints.Tuple[bytes, int, float, bytes]
SHARDED_TYPE = beam.typehints.Tuple[beam.typehints.Tuple[str, int, int], ITEM_TYPE]

# What joins each shard before it is grouped, so that a shard without images exists too.
_SEED: Member = b"", 0, 0.0, b""

_NUMBERS = {COLUMNS: -1, ATTRIBUTION: -2}
_TABLES = {number: table for table, number in _NUMBERS.items()}


class Members(NamedTuple):
    """What a shard holds: its sources, and the rows of tables whose keys fall into it."""

    sources: list[Source]
    rows: list[TableRow]


def assign(listed: SourceTuple, config: ResizeConfig, keys: Keys | None, plan: Plan) -> tuple[ShardTuple, Member]:
    """Return a source in its shard.

    Args:
        listed: the source.
        config: the dataset.
        keys: reads the keys of its tables; None if it has none.
        plan: how many shards there are.
    """
    split, path, size, version = listed
    key = key_of(config.key_prefix(split) + os.fsdecode(path))
    return _shard_of(split, keys.shortest(key) if keys else key, plan), (path, size, version, b"")


def assign_row(row: RowTuple, keys: Keys, plan: Plan) -> tuple[ShardTuple, Member]:
    """Return a row of a table in the shard where an image with its key is, if there is one.

    With several splits a key begins with its split, or the row names it; one that does neither finds no image.
    """
    table, named, written, number, cells = row
    split, key = keys.with_split(os.fsdecode(written), named)
    member = os.fsencode(key), _NUMBERS[table], float(number), cells
    return _shard_of(split, keys.shortest(key), plan), member


def _shard_of(split: str, key: str, plan: Plan) -> ShardTuple:
    count = plan.shards[split]
    return split, shard_index(key, count), count


def seeds(plan: Plan) -> Iterator[tuple[ShardTuple, Member]]:
    """A member that is none for every shard."""
    for shard in plan.all_shards():
        yield (shard.split, shard.number, shard.total), _SEED


def unpack(shard: Shard, members: Iterable[Member], config: ResizeConfig) -> Members:
    """What the members of a shard stand for."""
    unpacked = Members([], [])
    for name, number, version, cells in members:
        if number in _TABLES:
            unpacked.rows.append(TableRow(_TABLES[number], os.fsdecode(name), int(version), cells))
        elif name:
            unpacked.sources.append(to_source((shard.split, name, number, version), config))
    return unpacked


def plan_shards(listing: Tally, config: ResizeConfig, earlier: Plan | None = None) -> Plan:
    """The plan that a listing calls for.

    Args:
        listing: the tally of what was matched, and of the tables' rows.
        config: the dataset.
        earlier: its plan so far, whose shards stay as they are.

    Raises:
        RunError: a split has no image.
    """
    for split in config.splits:
        if not listing["splits"][split.name]["images"]:
            others = " (all inputs together)" if len(config.splits) > 1 else ""
            where = f"-i {split.pattern!r}{others}"
            raise RunError(no_image(where, listing["not_images"], listing["system_files"]))
    counts = {name: shard_count(one["images"], one["bytes"], config.images_per_shard) for name, one in _splits(listing)}
    shards = {split.name: counts[split.name] for split in config.splits}
    if earlier is None:
        return new_plan(config, shards, columns_of(listing, config))
    plan = new_plan(config, earlier.shards, columns_of(listing, config, earlier.unwritten))
    return plan._replace(unwritten=earlier.unwritten)


def _splits(listing: Tally) -> Iterator[tuple[str, dict[str, int]]]:
    yield from listing["splits"].items()


class FixShards(beam.PTransform):
    """The listing's tally -> the plan: the one that OUT has, if it has one, with the columns as they are now."""

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, listing: beam.PCollection[Tally]) -> beam.PCollection[Plan]:
        return listing | "FixPlan" >> beam.ParDo(_FixPlanFn(self._config))


class _FixPlanFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def setup(self) -> None:
        forward_log()

    def process(self, listing: Tally) -> Iterator[Plan]:
        earlier = read_plan(self._config.out_dir)
        plan = plan_shards(listing, self._config, earlier)
        for name, number in rounded_columns(listing, plan.columns).items():
            logger.warning(
                "--columns {!r}: {:,} numbers in column {!r} have more digits than a float64 holds: they are rounded",
                *(self._config.columns, number, name),
            )
        progress.set_total(sum(one["images"] for _, one in _splits(listing)))
        yield plan


class GroupIntoShards(beam.PTransform):
    """SourceTuple sources -> (shard, its sources and the rows of its tables), for every shard of the plan."""

    def __init__(self, config: ResizeConfig, plan: beam.PCollection[Plan], rows: beam.PCollection[RowTuple]) -> None:
        super().__init__()
        self._config = config
        self._plan = plan
        self._rows = rows

    def expand(self, sources: beam.PCollection[SourceTuple]) -> beam.PCollection[tuple[ShardTuple, list[Member]]]:
        plan = beam.pvalue.AsSingleton(self._plan)
        config, keys = self._config, Keys(self._config)
        assigning = beam.Map(assign, config, keys if config.tables else None, plan)
        assigned = sources | "AssignShards" >> assigning.with_output_types(SHARDED_TYPE)
        rows = self._rows | "AssignRows" >> beam.Map(assign_row, keys, plan).with_output_types(SHARDED_TYPE)
        seeded = self._plan | "SeedShards" >> beam.FlatMap(seeds).with_output_types(SHARDED_TYPE)
        return (assigned, rows, seeded) | "JoinSeeds" >> beam.Flatten() | "GroupShards" >> beam.GroupByKey()


def shard_count(images: int, source_bytes: int, images_per_shard: int) -> int:
    """How many shards a split gets: at most `images_per_shard` images or 512 MB of sources each, on average."""
    by_images = -(-images // images_per_shard)
    by_bytes = -(-source_bytes // 512_000_000)
    return max(1, by_images, by_bytes)
