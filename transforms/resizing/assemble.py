"""The results of a shard's sources -> its rows, failures and named images."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from transforms.annotations.counts import count_annotations
from transforms.annotations.join import NO_ANNOTATIONS, NOT_ANNOTATED, AnnotationJoin
from transforms.annotations.objects import labels_of, objects_of
from transforms.annotations.yolo import label_path
from transforms.dataset.paths import own_path
from transforms.imaging.errors import ImageError, Kind, Note, SkippedError, Stage
from transforms.imaging.resize import Encoded
from transforms.layouts import LAYOUTS
from transforms.model.annotations import IMAGE_LABELS, OBJECTS, YOLO
from transforms.model.config import ResizeConfig
from transforms.model.records import (
    NO_COLUMNS,
    AnnotationLists,
    Columns,
    FailureRow,
    ManifestRow,
    OutputImage,
    ResizedShard,
    Shard,
    Source,
    StoredFile,
    Tally,
    Value,
)
from transforms.resizing.source_result import SourceOutput, SourceResult, Staged
from transforms.summary.tally import add, tally
from transforms.tables.columns import class_of
from transforms.tables.join import EMPTY_JOIN, JoinResult
from transforms.tables.readers import ATTRIBUTION_COLUMNS


class FromTables(NamedTuple):
    """The rows of tables and the annotations for the images of a shard.

    Args:
        columns: the columns of the dataset.
        joined: the rows of tables.
        annotated: the annotations.
    """

    columns: Columns = NO_COLUMNS
    joined: JoinResult = EMPTY_JOIN
    annotated: AnnotationJoin = NO_ANNOTATIONS


NO_TABLES = FromTables()


def assemble(
    shard: Shard,
    digest: str,
    results: Iterable[SourceResult],
    config: ResizeConfig,
    of_tables: FromTables = NO_TABLES,
    folders: Collection[str] = (),
) -> ResizedShard:
    """Convert the results of a shard's sources to rows, failures and named images, in the order of the keys.

    If several images have the same output name, the first gets it, and the others fail with a message that names
    the first. An image whose output has the name of one of `folders` fails too.
    """
    joined = _attributed(results, of_tables) if config.is_attributed else of_tables.joined
    rows: list[ManifestRow] = []
    failures: list[FailureRow] = []
    images: list[OutputImage] = []
    owners: dict[str, str] = {}
    seconds: dict[str, float] = {}
    dropped_boxes: dict[str, Counter[str]] = {str(size): Counter() for size in config.spec.sizes}
    for result in sorted(results, key=lambda result: (result.source.key, result.source.path)):
        add(seconds, result.seconds)
        named = _named(shard, result, owners, folders, config)
        errors = {str(error): error for error in named.outputs.values() if isinstance(error, ImageError)}
        failures += [failure_row(result.source, error) for error in errors.values()]
        for size, output in named.outputs.items():
            annotations, dropped = _annotations(named, output, config, of_tables)
            dropped_boxes[str(size)].update(dropped)
            row, image = _row(shard, named, size, output, config, joined, annotations)
            rows.append(row)
            images += [image] if image else []
    attributions = tuple(_attributions(rows, joined))
    counts = tally(rows, failures, config.spec.sizes)
    if config.annotations:
        counts["dropped_boxes"] = {size: dict(dropped) for size, dropped in dropped_boxes.items()}
    if config.is_attributed:
        counts["licenses"] = dict(Counter(str(attribution["License"]) for attribution in attributions))
    return ResizedShard(
        shard,
        digest,
        {**counts, **_tally_of_tables(rows, config, of_tables)},
        tuple(rows),
        tuple(failures),
        tuple(images),
        attributions,
        joined.unmatched,
        of_tables.annotated.missing,
        of_tables.columns,
        seconds=seconds,
    )


def _tally_of_tables(rows: Sequence[ManifestRow], config: ResizeConfig, of_tables: FromTables) -> Tally:
    """Return the tally of labels, tables and annotations."""
    counts: Tally = {}
    if config.label_from:
        counts["classes"] = _classes(rows, config)
    if config.tables:
        counts["tables"] = of_tables.joined.tally
    if config.annotations:
        columns = of_tables.columns
        counts["annotations"] = of_tables.annotated.tally
        counts["annotated"] = count_annotations(rows, columns.annotations, columns.categories, config.spec.sizes)
    return counts


def _annotations(
    result: SourceResult, output: SourceOutput, config: ResizeConfig, of_tables: FromTables
) -> tuple[dict[str, AnnotationLists], dict[str, int]]:
    """Return the annotations of an output, and the number of dropped boxes of its source by reason."""
    annotations: dict[str, AnnotationLists] = {}
    dropped: dict[str, int] = {}
    if config.annotations is None or result.header is None or not isinstance(output, Encoded | Staged):
        return annotations, dropped
    ids = {class_: number for number, class_ in enumerate(of_tables.columns.categories)}
    annotated = of_tables.annotated.images.get(result.source.path, NOT_ANNOTATED)
    if OBJECTS in of_tables.columns.annotations:
        source = result.header.width, result.header.height
        boxes = objects_of(annotated.boxes, source, output.target, ids, config.annotations.min_visible)
        annotations[OBJECTS], dropped = boxes
    if IMAGE_LABELS in of_tables.columns.annotations:
        annotations[IMAGE_LABELS] = labels_of(annotated.labels, ids)
    return annotations, dropped


def _classes(rows: Iterable[ManifestRow], config: ResizeConfig) -> dict[str, int]:
    """Return class -> the number of its sources that have an output."""
    sources = dict.fromkeys(row.source for row in rows if row.status == "written")
    return dict(Counter(name for source in sources if (name := class_of(source, config))))


def _attributed(results: Iterable[SourceResult], of_tables: FromTables) -> JoinResult:
    """Add the attributions of the image list to the joined rows. An attribution from a table takes precedence."""
    attributions = dict(of_tables.joined.attributions)
    for result in results:
        listed = of_tables.annotated.images.get(result.source.path, NOT_ANNOTATED).listed
        if listed:
            attributions.setdefault(result.source.key, dict(zip(ATTRIBUTION_COLUMNS, listed.attribution, strict=True)))
    return of_tables.joined._replace(attributions=attributions)


def _attributions(rows: Iterable[ManifestRow], joined: JoinResult) -> Iterator[dict[str, Value]]:
    """Yield once the attribution of each source that has an output and an attribution."""
    for key in dict.fromkeys(row.key for row in rows if row.status == "written"):
        if key in joined.attributions:
            yield {"key": key, **joined.attributions[key]}


def _named(
    shard: Shard, result: SourceResult, owners: dict[str, str], folders: Collection[str], config: ResizeConfig
) -> SourceResult:
    """Return `result` if its output name is free and can be stored, else `result` with an error at every size."""
    if not any(isinstance(output, Encoded | Staged) for output in result.outputs.values()):
        return result
    layout = LAYOUTS[config.layout]
    name = layout.name_of(result.source.key, result.extension)
    problem = _problem_of(shard, name, result.extension, config)
    if problem is None and layout.keeps_tree and name in folders:
        problem = Kind.NAME_TAKEN, f"its output {name!r} has the same name as a folder of the source"
    if problem is None and (owner := owners.setdefault(name, result.source.path)) != result.source.path:
        problem = Kind.NAME_TAKEN, f"its output {name!r} is also the output of {owner!r}"
    if problem is None and config.annotations and YOLO in config.annotations.formats:
        labels = label_path(name)
        owner = owners.setdefault(labels, result.source.path)
        if owner != result.source.path:
            problem = Kind.NAME_TAKEN, f"its boxes for YOLO, {labels!r}, are also those of {owner!r}: use -ext jpg"
    if problem is None:
        return result
    kind, message = problem
    outputs: dict[int, SourceOutput] = dict.fromkeys(result.outputs, ImageError(kind, Stage.NAME, message))
    return result._replace(outputs=outputs)


def _problem_of(shard: Shard, name: str, extension: str, config: ResizeConfig) -> tuple[Kind, str] | None:
    """Return the kind of failure and a sentence if an output of this name cannot be stored, else None."""
    layout, size = LAYOUTS[config.layout], config.spec.sizes[0]
    path = _path(shard, name, size, extension, config)
    if layout.keeps_tree and (own := own_path(path, config.size_folder(size), config.key_prefix(shard.split))):
        return Kind.NAME_UNUSABLE, f"its output would be in {own}, which is reserved for the dataset's own files"
    return layout.problem_of(path)


def _path(shard: Shard, name: str, size: int, extension: str, config: ResizeConfig) -> str:
    return LAYOUTS[config.layout].image_path(shard, config.size_folder(size), name, extension)


def failure_row(source: Source, error: ImageError) -> FailureRow:
    """Return the row of the failures file for one source."""
    return FailureRow(source.key, source.path, error.stage, error.kind, error.message)


def _row(
    shard: Shard,
    result: SourceResult,
    size: int,
    output: SourceOutput,
    config: ResizeConfig,
    joined: JoinResult,
    annotations: dict[str, AnnotationLists],
) -> tuple[ManifestRow, OutputImage | None]:
    name = LAYOUTS[config.layout].name_of(result.source.key, result.extension)
    path = _path(shard, name, size, result.extension, config)
    columns = joined.columns.get(result.source.path, {})
    row = manifest_row(result, size, output, path, columns, annotations)
    if isinstance(output, Encoded):
        return row, OutputImage(row, name, StoredFile(path, output.data, output.sha256))
    if isinstance(output, Staged):
        return row, OutputImage(row, name, StoredFile(path, b"", output.sha256, output.file))
    return row, None


def manifest_row(
    result: SourceResult,
    size: int,
    output: SourceOutput,
    path: str,
    columns: dict[str, Value],
    annotations: dict[str, AnnotationLists],
) -> ManifestRow:
    """Return the row of one source at one size.

    Args:
        result: the result of the source.
        size: a size of the spec.
        output: the output of the result at that size.
        path: the path of the output. A row without an output does not contain it.
        columns: the label and the additional columns of the source.
        annotations: the boxes and labels of the output.
    """
    source, header = result.source, result.header
    row = functools.partial(
        ManifestRow,
        key=source.key,
        source=source.path,
        source_bytes=result.bytes,
        source_sha256=result.sha256,
        source_format=header.format if header else None,
        source_mode=header.mode if header else None,
        source_width=header.width if header else None,
        source_height=header.height if header else None,
        size=size,
        notes=result.notes,
        columns=columns,
        annotations=annotations,
    )
    if isinstance(output, ImageError):
        return row(reason=output.kind)
    if isinstance(output, SkippedError):
        return row(status="skipped", reason=output.reason)
    target = output.target
    return row(
        path=path,
        width=target.width,
        height=target.height,
        bytes=output.file.size if isinstance(output, Staged) else len(output.data),
        sha256=output.sha256,
        orientation=target.orientation,
        source_box=target.source_box,
        output_box=target.output_box,
        status="written",
        notes=(*result.notes, *([Note.KEPT] if output.kept else [])),
    )
