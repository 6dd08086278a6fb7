"""Write the plan to OUT. If a table has no row for any image, end the run instead, before an image is read."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import apache_beam as beam

from transforms.dataset.plan import Plan, read_plan, write_plan
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import Shard
from transforms.sharding.items import ItemTuple, ShardItems, ShardTuple, unpack_items
from transforms.tables.join import match, of_table

# The number of keys of a table, and of images, in the error message.
_EXAMPLES = 3


class TableMatch(NamedTuple):
    """The number of images that have a row in a table, and the first keys of the table and of the images."""

    images: int
    row_keys: list[str]
    image_keys: list[str]


# The name of the table -> its matches.
TableMatches = dict[str, TableMatch]


def count_matches(items: ShardItems, config: ResizeConfig) -> TableMatches:
    """Count the images of a shard that have a row in each table."""
    image_keys = {source.key for source in items.sources}
    matches = {}
    for table in config.tables:
        rows = of_table(items.rows, table)
        matched_keys = match(image_keys, rows, config).rows
        matches[table] = TableMatch(len(matched_keys), _first(row.key for row in rows), _first(image_keys))
    return matches


def add_matches(all_matches: Iterable[TableMatches]) -> TableMatches:
    """Return the sum of the matches of several shards."""
    total: TableMatches = {}
    for matches in all_matches:
        for table, (images, row_keys, image_keys) in matches.items():
            before = total.get(table, TableMatch(0, [], []))
            total[table] = TableMatch(
                before.images + images,
                _first([*before.row_keys, *row_keys]),
                _first([*before.image_keys, *image_keys]),
            )
    return total


def check_tables_match(matches: TableMatches, config: ResizeConfig) -> None:
    """Check that every table has a row for at least one image.

    Raises:
        RunError: a table has no row for any image.
    """
    form = "each image's path below the input without its extension"
    if len(config.splits) > 1:
        names = _quoted(_first(split.name for split in config.splits))
        form += f", with its split ({names}) before it or in a column 'split'"
    for table, (images, row_keys, image_keys) in matches.items():
        if not images:
            raise RunError(
                f"--{table} {config.tables[table]!r} has no row for any image: its keys look like {_quoted(row_keys)}, "
                f"the images' keys like {_quoted(image_keys)}; use {form}, and run the command again (nothing was "
                "written)"
            )


def _first(keys: Iterable[str]) -> list[str]:
    return heapq.nsmallest(_EXAMPLES, set(keys))


def _quoted(keys: list[str]) -> str:
    return ", ".join(map(repr, keys))


class WritePlan(beam.PTransform):
    """The plan -> the same plan, after it was written to OUT. Fails if a table has no row for any image.

    Args:
        config: the dataset.
        grouped: the output of `GroupIntoShards`.
    """

    def __init__(self, config: ResizeConfig, grouped: beam.PCollection[tuple[ShardTuple, list[ItemTuple]]]) -> None:
        super().__init__()
        self._config = config
        self._grouped = grouped

    def expand(self, plan: beam.PCollection[Plan]) -> beam.PCollection[Plan]:
        if not self._config.tables:
            return plan | "WritePlan" >> beam.Map(_check_and_write, self._config, {})
        matches = self._grouped | "CountMatches" >> beam.ParDo(_CountMatchesFn(self._config))
        total = matches | "SumMatches" >> beam.CombineGlobally(add_matches)
        return plan | "WritePlan" >> beam.Map(_check_and_write, self._config, beam.pvalue.AsSingleton(total))


class _CountMatchesFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(self, grouped: tuple[ShardTuple, Iterable[ItemTuple]]) -> Iterator[TableMatches]:
        yield count_matches(unpack_items(Shard(*grouped[0]), grouped[1], self._config), self._config)


def _check_and_write(plan: Plan, config: ResizeConfig, matches: TableMatches) -> Plan:
    check_tables_match(matches, config)
    if plan != read_plan(config.out_dir):  # in a first run, or if the columns differ, which invalidates all shards
        write_plan(config.out_dir, plan)
    return plan
