"""The annotation files -> their rows. Consecutive rows about the same image become one."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator

import apache_beam as beam

from transforms.annotations.readers import READERS, ImageRows, Reader
from transforms.annotations.values import pack
from transforms.model.annotations import IMAGE_LIST, AnnotationFile, Annotations
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import Tally
from transforms.tables.rows import ROW_TYPE, RowTuple

ROWS, TALLIES = "rows", "tallies"


class ReadAnnotations(beam.PTransform):
    """Pipeline -> the rows of all annotation files, and a tally of each file."""

    def __init__(self, annotations: Annotations) -> None:
        super().__init__()
        self._annotations = annotations

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection[RowTuple], beam.PCollection[Tally]]:
        outputs = (
            pipeline
            | "AnnotationFiles" >> beam.Create(list(self._annotations.files))
            | "SpreadAnnotationFiles" >> beam.Reshuffle()
            | "ReadAnnotations" >> beam.ParDo(_ReadFn(self._annotations)).with_outputs(TALLIES, main=ROWS)
        )
        return outputs[ROWS], outputs[TALLIES]


@beam.typehints.with_output_types(ROW_TYPE)
class _ReadFn(beam.DoFn):
    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations

    def process(self, file: AnnotationFile) -> Iterator[RowTuple | beam.pvalue.TaggedOutput]:
        reader = READERS[file.table](self._annotations)
        sent = 0
        for rows in reader.read(file):
            if rows.values:
                packed = zlib.compress(pack(rows.values, rows.kept), 1)  # a local run has millions in memory
                for split in _splits_of(rows, file, reader):
                    sent += rows.kept
                    yield file.table, split, os.fsencode(rows.image), rows.number, packed
        yield beam.pvalue.TaggedOutput(TALLIES, {"annotations": {file.table: {**reader.tally(), "rows": sent}}})


def _splits_of(rows: ImageRows, file: AnnotationFile, reader: Reader) -> tuple[str, ...]:
    """Return the splits that may contain the image of some rows: the one that the rows name, or all of the file's."""
    if len(file.splits) == 1:
        return file.splits
    if rows.split in file.splits:
        return (rows.split,)
    if rows.split:
        reader.counts["other-subset"] += rows.kept
        return ()
    if file.table == IMAGE_LIST:
        raise RunError(
            f"--{file.table} {file.location!r} does not name a split in row {rows.number} (column 'Subset'): pass one "
            "file for each input"
        )
    return file.splits


def annotated_columns(listing: Tally, config: ResizeConfig) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the names of a dataset's annotations, and class -> name of their classes in the order of their IDs.

    Args:
        listing: the tally of the inputs and of the annotation files.
        config: the dataset.

    Raises:
        RunError: a requested class is in no table.
    """
    annotations = config.annotations
    if annotations is None or not annotations.fields:
        return (), {}
    found = {class_ for tally in listing["annotations"].values() for class_ in tally["classes"]}
    if absent := sorted({*annotations.classes} - found):
        tables = " and ".join(f"--{name}" for name in sorted({*annotations.tables} - {IMAGE_LIST}))
        raise RunError(
            f"--classes {annotations.name_of(absent[0])!r} matches no kept row in {tables}: use another class, or "
            "other tables"
        )
    classes = annotations.classes if annotations.only_classes else sorted(found)
    return annotations.fields, {class_: annotations.name_of(class_) for class_ in classes}
