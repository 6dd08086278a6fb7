"""The tables of additional columns -> their rows."""

from __future__ import annotations

import os
from collections.abc import Iterator

import apache_beam as beam

from transforms.model.config import ResizeConfig
from transforms.model.json_lines import json_line
from transforms.model.records import Tally
from transforms.tables.columns import Profile
from transforms.tables.readers import read_rows

# The shuffled form of a row: its table, its split ("" if it names none), its key, its number, and its cells as JSON.
RowTuple = tuple[str, str, bytes, int, bytes]
ROW_TYPE = beam.typehints.Tuple[str, str, bytes, int, bytes]

ROWS, TALLIES = "rows", "tallies"


class ReadRows(beam.PTransform):
    """Pipeline -> the rows of all tables, and a tally of each table, see `Profile`."""

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection[RowTuple], beam.PCollection[Tally]]:
        outputs = (
            pipeline
            | "Tables" >> beam.Create([(table, os.fsencode(path)) for table, path in self._config.tables.items()])
            | "ReadTables" >> beam.ParDo(_ReadFn()).with_outputs(TALLIES, main=ROWS)
        )
        return outputs[ROWS], outputs[TALLIES]


@beam.typehints.with_output_types(ROW_TYPE)
class _ReadFn(beam.DoFn):
    def process(self, table_and_location: tuple[str, bytes]) -> Iterator[RowTuple | beam.pvalue.TaggedOutput]:
        table, location = table_and_location
        profile = Profile(table)
        for row in read_rows(os.fsdecode(location), table):
            profile.add(row)
            yield table, row.split or "", row.key, row.number, json_line(row.cells)
        yield beam.pvalue.TaggedOutput(TALLIES, profile.tally())
