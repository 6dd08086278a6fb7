"""Listed sources -> shards, whose number the first run fixes for all runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import apache_beam as beam

from transforms.columns import columns_of
from transforms.config import ResizeConfig, shard_count
from transforms.dataset import Plan, new_plan, read_plan, write_plan
from transforms.elements import Shard, Source, Tally
from transforms.errors import RunError
from transforms.imaging.naming import key_of, shard_index
from transforms.join import TableRow
from transforms.match import Listed, unlist
from transforms.metrics import progress
from transforms.no_image import no_image
from transforms.rows import RowTuple
from transforms.tables import ATTRIBUTION, COLUMNS

ShardTuple = tuple[str, int, int]

# What is grouped: a source as it was listed (its path, bytes and version), or a row of a table (its key, a negative
# number that says which table, its number, and its cells as JSON).
Member = tuple[bytes, int, float, bytes]
MEMBER_TYPE = beam.typehints.Tuple[bytes, int, float, bytes]
SHARDED_TYPE = beam.typehints.Tuple[beam.typehints.Tuple[str, int, int], MEMBER_TYPE]

# What joins each shard before it is grouped, so that a shard without images exists too.
_SEED: Member = b"", 0, 0.0, b""

_NUMBERS = {COLUMNS: -1, ATTRIBUTION: -2}
_TABLES = {number: table for table, number in _NUMBERS.items()}


class Members(NamedTuple):
    """What a shard holds: its sources, and the rows of tables whose keys fall into it."""

    sources: list[Source]
    rows: list[TableRow]


def assign(listed: Listed, config: ResizeConfig, plan: Plan) -> tuple[ShardTuple, Member]:
    """A source in its shard."""
    split, path, size, version = listed
    return _shard_of(split, config.key_prefix(split) + os.fsdecode(path), plan), (path, size, version, b"")


def assign_row(row: RowTuple, config: ResizeConfig, plan: Plan) -> tuple[ShardTuple, Member]:
    """A row of a table in the shard where an image with its key would be.

    With several splits a key begins with its split, or the row names it; one that does neither finds no image.
    """
    table, named, key, number, cells = row
    split = next(iter(plan.shards))
    if len(plan.shards) > 1:
        first = os.fsdecode(key.partition(b"/")[0])
        if first in plan.shards:
            split = first
        elif named in plan.shards:
            split, key = named, os.fsencode(config.key_prefix(named)) + key
    return _shard_of(split, os.fsdecode(key), plan, extension=False), (key, _NUMBERS[table], float(number), cells)


def _shard_of(split: str, path: str, plan: Plan, extension: bool = True) -> ShardTuple:
    count = plan.shards[split]
    return split, shard_index(key_of(path) if extension else path, count), count


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
            unpacked.sources.append(unlist((shard.split, name, number, version), config))
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
    """The listing's tally -> the plan, which is written to OUT unless it is there already."""

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, listing: beam.PCollection[Tally]) -> beam.PCollection[Plan]:
        return listing | "FixPlan" >> beam.ParDo(_FixPlanFn(self._config))


class _FixPlanFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(self, listing: Tally) -> Iterator[Plan]:
        earlier = read_plan(self._config.out_dir)
        plan = plan_shards(listing, self._config, earlier)
        if plan != earlier:  # a first run, or other columns, which make each shard anew
            write_plan(self._config.out_dir, plan)
        progress.listed(sum(one["images"] for _, one in _splits(listing)))
        yield plan


class GroupIntoShards(beam.PTransform):
    """Listed sources -> (shard, its sources and the rows of its tables), for every shard of the plan."""

    def __init__(self, config: ResizeConfig, plan: beam.PCollection[Plan], rows: beam.PCollection[RowTuple]) -> None:
        super().__init__()
        self._config = config
        self._plan = plan
        self._rows = rows

    def expand(self, sources: beam.PCollection[Listed]) -> beam.PCollection[tuple[ShardTuple, list[Member]]]:
        plan = beam.pvalue.AsSingleton(self._plan)
        config = self._config
        assigned = sources | "AssignShards" >> beam.Map(assign, config, plan).with_output_types(SHARDED_TYPE)
        rows = self._rows | "AssignRows" >> beam.Map(assign_row, config, plan).with_output_types(SHARDED_TYPE)
        seeded = self._plan | "SeedShards" >> beam.FlatMap(seeds).with_output_types(SHARDED_TYPE)
        return (assigned, rows, seeded) | "JoinSeeds" >> beam.Flatten() | "GroupShards" >> beam.GroupByKey()
