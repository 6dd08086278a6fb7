"""The flags of annotations -> `Annotations`. The small files are read, so that a wrong class is refused at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pipeline.cli import inputs
from pipeline.errors import UsageError
from transforms import storage
from transforms.annotations.classes import find_classes, read_class_names
from transforms.annotations.hierarchy import read_hierarchy
from transforms.model.annotations import Annotations, BoxFile
from transforms.model.config import Split
from transforms.model.counting import counted

# The flags that have no effect without --boxes.
_OTHERS = ("class_names", "class_hierarchy", "classes", "exclude_classes", "only_classes", "box_filter", "min_visible")


def annotations_of(flags: argparse.Namespace, splits: Sequence[Split]) -> Annotations | None:
    """Return what the flags say about annotations; None without --boxes.

    Raises:
        UsageError: flags contradict each other, or name a file that is none.
        RunError: a file has another content, or a class is unknown.
        StorageError: a file cannot be read.
    """
    if not flags.boxes:
        for name in _OTHERS:
            if getattr(flags, name) not in (None, False):
                raise UsageError(f"--{name} has no effect without --boxes: give both, or leave it out")
        return None
    if flags.only_classes and not flags.classes:
        raise UsageError("--only_classes has no effect without --classes: give both, or leave it out")
    names = read_class_names(*_content(flags.class_names, "--class_names")) if flags.class_names else {}
    ancestors = read_hierarchy(*_content(flags.class_hierarchy, "--class_hierarchy")) if flags.class_hierarchy else {}
    classes = find_classes(flags.classes or (), names, "--classes")
    excluded = find_classes(flags.exclude_classes or (), names, "--exclude_classes")
    if both := sorted({*classes} & {*excluded}):
        raise UsageError(f"--classes and --exclude_classes both have {names.get(both[0], both[0])!r}: give it to one")
    return Annotations(
        boxes=_files(flags.boxes, splits),
        names=names,
        ancestors=ancestors,
        classes=classes,
        excluded=excluded,
        only_classes=flags.only_classes,
        rules=flags.box_filter or (),
        min_visible=flags.min_visible or 0.0,
    )


def _files(typed: Sequence[str], splits: Sequence[Split]) -> tuple[BoxFile, ...]:
    """Return the files of boxes: each for the split of its place, or a single one for all splits."""
    locations = [inputs.normalize(path, "--boxes") for path in typed]
    names = tuple(split.name for split in splits)
    if len(locations) == len(names):
        return tuple(BoxFile(location, (name,)) for location, name in zip(locations, names, strict=True))
    if len(names) > 1 and len(locations) > 1:
        raise UsageError(
            f"--boxes has {counted(len(locations), 'file')}, and -i has {counted(len(names), 'input')}: give one file "
            "for each input, or one for all"
        )
    return tuple(BoxFile(location, names) for location in locations)


def _content(typed: str, flag: str) -> tuple[bytes, str]:
    """Return the content of a small file, and its flag and name for messages."""
    return storage.read(inputs.normalize(typed, flag)), f"{flag} {typed!r}"
