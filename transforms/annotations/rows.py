"""The files of boxes -> their rows, one for the boxes of an image."""

from __future__ import annotations

import os
from collections.abc import Iterator

import apache_beam as beam

from transforms.annotations.boxes import BoxReader
from transforms.annotations.join import pack
from transforms.model.annotations import Annotations, BoxFile
from transforms.model.config import BOXES, ResizeConfig
from transforms.model.records import Tally
from transforms.tables.rows import ROW_TYPE, RowTuple

ROWS, TALLIES = "rows", "tallies"


class ReadBoxes(beam.PTransform):
    """Pipeline -> the rows of all files of boxes, and a tally of each file."""

    def __init__(self, annotations: Annotations) -> None:
        super().__init__()
        self._annotations = annotations

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection[RowTuple], beam.PCollection[Tally]]:
        outputs = (
            pipeline
            | "BoxFiles" >> beam.Create(list(self._annotations.boxes))
            | "SpreadBoxFiles" >> beam.Reshuffle()
            | "ReadBoxes" >> beam.ParDo(_ReadFn(self._annotations)).with_outputs(TALLIES, main=ROWS)
        )
        return outputs[ROWS], outputs[TALLIES]


@beam.typehints.with_output_types(ROW_TYPE)
class _ReadFn(beam.DoFn):
    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations

    def process(self, file: BoxFile) -> Iterator[RowTuple | beam.pvalue.TaggedOutput]:
        reader = BoxReader(self._annotations)
        for image in reader.read(file.location):
            if image.boxes:
                for split in file.splits:
                    yield BOXES, split, os.fsencode(image.image), image.number, pack(image)
        yield beam.pvalue.TaggedOutput(TALLIES, _tally(reader, len(file.splits)))


def _tally(reader: BoxReader, splits: int) -> Tally:
    """Return the tally of a file whose rows go to so many splits."""
    return {
        "boxes": {
            "read": reader.rows,
            "clipped": reader.clipped,
            "dropped": dict(reader.dropped),
            "rows": sum(reader.kept.values()) * splits,
            "classes": dict(reader.kept),
        }
    }


def categories_of(listing: Tally, config: ResizeConfig) -> dict[str, str] | None:
    """Return class -> name of the classes of a dataset, in the order of their IDs; None without annotations.

    Args:
        listing: the tally of the inputs and the files of boxes.
        config: the dataset.
    """
    annotations = config.annotations
    if annotations is None:
        return None
    classes = annotations.classes if annotations.only_classes else listing["boxes"]["classes"]
    return {class_: annotations.name_of(class_) for class_ in sorted(classes)}
