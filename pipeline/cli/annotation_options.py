"""The flags of annotations -> `Annotations`. The small files are read here, so that a wrong class is refused early."""

from __future__ import annotations

import argparse
import gzip
import os
import zlib
from collections.abc import Iterator, Sequence

from pipeline.cli import inputs
from pipeline.errors import UsageError
from transforms import storage
from transforms.annotations.classes import find_classes, read_class_names, unique_names
from transforms.annotations.hierarchy import read_hierarchy
from transforms.annotations.yolo import is_found
from transforms.layouts import LAYOUTS
from transforms.model.annotations import (
    BOXES,
    COCO,
    IMAGE_LABELS,
    IMAGE_LIST,
    TFRECORD,
    YOLO,
    AnnotationFile,
    Annotations,
)
from transforms.model.config import Split
from transforms.model.counting import counted
from transforms.model.errors import RunError

_TABLES = (IMAGE_LIST, BOXES, IMAGE_LABELS)
# The flags that have no effect without one of these tables.
_NEED = {
    **dict.fromkeys(("class_names", "class_hierarchy", "classes", "exclude_classes"), (BOXES, IMAGE_LABELS)),
    **dict.fromkeys(("only_classes", "max_per_class"), (BOXES, IMAGE_LABELS)),
    **dict.fromkeys(("box_filter", "min_visible", "annotations"), (BOXES,)),
    **dict.fromkeys(("rotation", "verify_md5"), (IMAGE_LIST,)),
    "max_images": _TABLES,
}


def annotations_of(flags: argparse.Namespace, splits: Sequence[Split], out_dir: str) -> Annotations | None:
    """Return the annotation settings, or None if no annotation table is used.

    Raises:
        UsageError: flags contradict each other, or a path is not a file.
        RunError: a file has the wrong content, or a class is unknown.
        StorageError: a file cannot be read.
    """
    given = [table for table in _TABLES if getattr(flags, table)]
    formats = tuple(sorted({*(flags.annotations or ())} & {COCO, YOLO}))
    _check_combinations(flags, given, formats, out_dir)
    if not given:
        return None
    names = read_class_names(*_content(flags.class_names, "--class_names")) if flags.class_names else {}
    ancestors = read_hierarchy(*_content(flags.class_hierarchy, "--class_hierarchy")) if flags.class_hierarchy else {}
    classes = find_classes(flags.classes or (), names, "--classes")
    excluded = find_classes(flags.exclude_classes or (), names, "--exclude_classes")
    if both := sorted({*classes} & {*excluded}):
        raise UsageError(
            f"--classes and --exclude_classes both contain {names.get(both[0], both[0])!r}: remove it from one of them"
        )
    return Annotations(
        files=tuple(file for table in given for file in _files(table, getattr(flags, table), splits)),
        names=unique_names(names),
        ancestors=ancestors,
        classes=classes,
        excluded=excluded,
        only_classes=flags.only_classes,
        rules=flags.box_filter or (),
        min_visible=flags.min_visible or 0.0,
        max_per_class=flags.max_per_class,
        max_images=flags.max_images,
        rotates=flags.rotation == "apply",
        verifies_md5=flags.verify_md5,
        formats=formats,
    )


def _check_combinations(flags: argparse.Namespace, given: Sequence[str], formats: Sequence[str], out_dir: str) -> None:
    """Check that every flag has an effect in combination with the others.

    Raises:
        UsageError: a flag has no effect.
    """
    for name, tables in _NEED.items():
        if getattr(flags, name) not in (None, False, "ignore") and not {*tables} & {*given}:
            needed = " or ".join(f"--{table}" for table in tables)
            raise UsageError(f"--{name} has no effect without {needed}: add that, or leave out --{name}")
    if flags.only_classes and not flags.classes:
        raise UsageError("--only_classes has no effect without --classes: use both, or leave out --only_classes")
    if formats and LAYOUTS[flags.layout].has_archives:
        raise UsageError(
            f"--annotations {' '.join(formats)} needs image files, but --layout {flags.layout} writes none; its "
            "samples contain the boxes: leave out --annotations, or use --layout files"
        )
    if YOLO in formats and storage.is_local(out_dir) and not is_found(os.path.abspath(out_dir)):
        raise UsageError(
            f"--annotations {YOLO} cannot be used with -o {flags.out_dir!r}: below a folder 'images', YOLO looks for "
            "the boxes of an image in a folder 'labels' instead; use another -o"
        )
    if TFRECORD in (flags.annotations or ()) and flags.layout != TFRECORD:
        raise UsageError(
            f"--annotations {TFRECORD} has no effect with --layout {flags.layout}: use --layout {TFRECORD}, whose "
            "samples contain the boxes"
        )


def _files(table: str, typed: Sequence[str], splits: Sequence[Split]) -> Iterator[AnnotationFile]:
    """Yield the files of a table: one for each split, in their order, or a single one for all splits."""
    locations = [inputs.normalize(path, f"--{table}") for path in typed]
    names = tuple(split.name for split in splits)
    if len(names) > 1 and len(locations) not in (1, len(names)):
        raise UsageError(
            f"--{table} has {counted(len(locations), 'file')}, but -i has {counted(len(names), 'input')}: pass one "
            "file for each input, or one for all"
        )
    for number, location in enumerate(locations):
        is_of_one = len(names) > 1 and len(locations) == len(names)
        yield AnnotationFile(table, location, (names[number],) if is_of_one else names)


def _content(typed: str, flag: str) -> tuple[bytes, str]:
    """Return the content of a small file, and its flag and name for messages."""
    location, where = inputs.normalize(typed, flag), f"{flag} {typed!r}"
    data = storage.read(location)
    if not location.endswith(".gz"):
        return data, where
    try:
        return gzip.decompress(data), where
    except (OSError, EOFError, zlib.error) as error:
        raise RunError(f"{where} cannot be decompressed: {error}; download it again") from error
