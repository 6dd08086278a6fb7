"""The shards' sources and rows -> an error if a table has no row for any image, before an image is read."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

import apache_beam as beam

from transforms.dataset.plan import Plan, read_plan, write_plan
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import Shard
from transforms.sharding.group import Member, Members, ShardTuple, unpack
from transforms.tables.join import match, of_table

# How many keys of a table, and of the images, the error names.
_EXAMPLES = 3

# A table -> how many of its rows are an image's; the first keys in it, and the first keys of the images.
Meeting = dict[str, tuple[int, list[str], list[str]]]


def meet(members: Members, config: ResizeConfig) -> Meeting:
    """Count the images of a shard that have a row, table by table."""
    keys = {source.key for source in members.sources}
    met = {}
    for table in config.tables:
        rows = of_table(members.rows, table)
        found = match(keys, rows, config).rows
        met[table] = len(found), _first(row.key for row in rows), _first(keys)
    return met


def add(meetings: Iterable[Meeting]) -> Meeting:
    """Return the sum of several meetings."""
    total: Meeting = {}
    for meeting in meetings:
        for table, (images, rows, keys) in meeting.items():
            had = total.get(table, (0, [], []))
            total[table] = had[0] + images, _first([*had[1], *rows]), _first([*had[2], *keys])
    return total


def check(met: Meeting, config: ResizeConfig) -> None:
    """Refuse tables that have nothing to do with the images.

    Raises:
        RunError: a table has no row for any image.
    """
    for table, (images, rows, keys) in met.items():
        if not images:
            raise RunError(
                f"--{table} {config.tables[table]!r} has no row for any image: its keys are like {_told(rows)}, "
                f"those of the images like {_told(keys)}; write an image's path below the input without extension, "
                "and give the command again (nothing was made)"
            )


def _first(keys: Iterable[str]) -> list[str]:
    return heapq.nsmallest(_EXAMPLES, set(keys))


def _told(keys: list[str]) -> str:
    return ", ".join(map(repr, keys))


class ConfirmPlan(beam.PTransform):
    """The plan -> the same plan, once it is in OUT; where a table has no row for any image, an error instead.

    Args:
        config: the dataset.
        grouped: what `GroupIntoShards` gave.
    """

    def __init__(self, config: ResizeConfig, grouped: beam.PCollection[tuple[ShardTuple, list[Member]]]) -> None:
        super().__init__()
        self._config = config
        self._grouped = grouped

    def expand(self, plan: beam.PCollection[Plan]) -> beam.PCollection[Plan]:
        if not self._config.tables:
            return plan | "WritePlan" >> beam.Map(_confirm, self._config, {})
        meetings = self._grouped | "MeetRows" >> beam.ParDo(_MeetFn(self._config))
        met = meetings | "SumMeetings" >> beam.CombineGlobally(add)
        return plan | "WritePlan" >> beam.Map(_confirm, self._config, beam.pvalue.AsSingleton(met))


class _MeetFn(beam.DoFn):
    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def process(self, grouped: tuple[ShardTuple, Iterable[Member]]) -> Iterator[Meeting]:
        yield meet(unpack(Shard(*grouped[0]), grouped[1], self._config), self._config)


def _confirm(plan: Plan, config: ResizeConfig, met: Meeting) -> Plan:
    check(met, config)
    if plan != read_plan(config.out_dir):  # a first run, or other columns, which make each shard anew
        write_plan(config.out_dir, plan)
    return plan
