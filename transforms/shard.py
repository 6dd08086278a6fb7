"""Listed sources -> shards, whose number the first run fixes for all runs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import apache_beam as beam

from transforms.config import ResizeConfig, shard_count
from transforms.dataset import Plan, new_plan, read_plan, write_plan
from transforms.errors import RunError
from transforms.imaging.naming import key_of, shard_index
from transforms.match import LISTED_TYPE, Listed
from transforms.metrics import progress
from transforms.summarize import Tally

ShardTuple = tuple[str, int, int]
SHARDED_TYPE = beam.typehints.Tuple[beam.typehints.Tuple[str, int, int], LISTED_TYPE]

# What joins each shard before it is grouped, so that a shard without images exists too.
_SEED_PATH = b""


def assign(listed: Listed, config: ResizeConfig, plan: Plan) -> ShardTuple:
    """The shard that a source belongs to."""
    split, path, _, _ = listed
    count = plan.shards[split]
    return split, shard_index(key_of(config.key_prefix(split) + os.fsdecode(path)), count), count


def seeds(plan: Plan) -> Iterator[tuple[ShardTuple, Listed]]:
    """A source that is none for every shard."""
    for shard in plan.all_shards():
        yield (shard.split, shard.number, shard.total), (shard.split, _SEED_PATH, 0, 0.0)


def is_seed(listed: Listed) -> bool:
    """Whether this is no source."""
    return listed[1] == _SEED_PATH


def plan_shards(listing: Tally, config: ResizeConfig) -> Plan:
    """The plan that a listing calls for.

    Raises:
        RunError: a split has no image.
    """
    for split in config.splits:
        if not listing["splits"][split.name]["images"]:
            others = sum(listing["not_images"].values())
            raise RunError(
                f"-i {split.pattern!r} holds no image ({others} other files): give a folder or pattern with images"
            )
    counts = {name: shard_count(one["images"], one["bytes"], config.images_per_shard) for name, one in _splits(listing)}
    return new_plan(config, {split.name: counts[split.name] for split in config.splits})


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
        wanted = plan_shards(listing, self._config)
        plan = read_plan(self._config.out_dir)
        if plan is None:
            plan = wanted
            write_plan(self._config.out_dir, plan)
        progress.listed(sum(one["images"] for _, one in _splits(listing)))
        yield plan


class GroupIntoShards(beam.PTransform):
    """Listed sources -> (shard, its sources), for every shard of the plan."""

    def __init__(self, config: ResizeConfig, plan: beam.PCollection[Plan]) -> None:
        super().__init__()
        self._config = config
        self._plan = plan

    def expand(self, sources: beam.PCollection[Listed]) -> beam.PCollection[tuple[ShardTuple, list[Listed]]]:
        config = self._config
        assigned = sources | "AssignShards" >> beam.Map(
            lambda listed, plan: (assign(listed, config, plan), listed), beam.pvalue.AsSingleton(self._plan)
        ).with_output_types(SHARDED_TYPE)
        seeded = self._plan | "SeedShards" >> beam.FlatMap(seeds).with_output_types(SHARDED_TYPE)
        return (assigned, seeded) | "JoinSeeds" >> beam.Flatten() | "GroupShards" >> beam.GroupByKey()
