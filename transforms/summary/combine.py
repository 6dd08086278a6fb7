"""The sum of tallies in the graph."""

from __future__ import annotations

import apache_beam as beam

from transforms.model.records import Tally
from transforms.summary.tally import merge


class Summarize(beam.PTransform):
    """One or more tallies -> their sum."""

    def expand(self, tallies: beam.PCollection[Tally]) -> beam.PCollection[Tally]:
        return tallies | "MergeTallies" >> beam.CombineGlobally(merge).without_defaults()
