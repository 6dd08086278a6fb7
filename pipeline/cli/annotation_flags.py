"""Flags of Open Images annotations: boxes, their classes, and which images they select."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pipeline.cli import values
from pipeline.cli.group import FlagGroup
from transforms.model.annotations import FORMATS


def add_flags(parser: argparse.ArgumentParser) -> Iterator[FlagGroup]:
    """Add the group of this module to a parser, and yield it."""
    group = FlagGroup(parser, "annotations")
    _add_files(group)
    _add_selection(group)
    _add_limits(group)
    yield group


def _add_files(group: FlagGroup) -> None:
    group.add(
        "--image_list",
        nargs="+",
        metavar="FILE",
        help="lists of images as Open Images publishes them, such as train-images-boxable-with-rotation.csv: use only "
        "the listed images, with their authors and licenses; missing-*.jsonl lists those that the input lacks",
    )
    group.add(
        "--boxes",
        nargs="+",
        metavar="FILE",
        help="tables of boxes (.csv, .csv.gz) as Open Images publishes them: one for all images, or one for each -i. "
        "Images are identified by ImageID, the last part of the key",
    )
    group.add(
        "--image_labels",
        nargs="+",
        metavar="FILE",
        help="tables of image-level labels, in the same form as --boxes; a confidence of 0 means that the image does "
        "not contain the class",
    )
    group.add(
        "--annotations",
        nargs="+",
        choices=FORMATS,
        help="with --layout files, also write annotation files: coco writes a coco.json for each size and split; yolo "
        "writes a text file next to each image, and data.yaml. objects, in every layout, and the keys of --layout "
        "tfrecord are always written",
    )
    group.add(
        "--class_names",
        type=values.not_empty,
        metavar="FILE",
        help="the names of the classes, such as class-descriptions-boxable.csv (default: classes are not named)",
    )
    group.add(
        "--class_hierarchy",
        type=values.not_empty,
        metavar="FILE",
        help="the hierarchy of the classes, such as bbox_labels_600_hierarchy.json: a box of a class also counts as a "
        "box of each ancestor of the class",
    )


def _add_selection(group: FlagGroup) -> None:
    group.add(
        "--classes",
        nargs="+",
        metavar="CLASS",
        help="use only images with a box or a label of one of these classes, by name or as /m/01yrx; the images keep "
        "all their boxes and labels",
    )
    group.add(
        "--exclude_classes",
        nargs="+",
        metavar="CLASS",
        help="exclude images with a box or a label of one of these classes",
    )
    group.add("--only_classes", action="store_true", help="keep only the boxes and labels of --classes")
    group.add(
        "--box_filter",
        type=values.flag_rules,
        metavar="RULES",
        help="keep only boxes whose flags match all rules, such as 'IsGroupOf=0 IsDepiction!=1'; -1 means unknown",
    )
    group.add(
        "--min_visible",
        type=values.visible_share,
        metavar="SHARE",
        help="drop boxes whose visible share in the output is smaller than this, from 0 to 1 (default: keep every "
        "visible box)",
    )


def _add_limits(group: FlagGroup) -> None:
    group.add(
        "--max_per_class",
        type=values.whole_number,
        metavar="N",
        help="use up to N images of each class, or of each of --classes; every run selects the same images, and a "
        "larger N includes those of a smaller N; an image of two classes may be selected for either",
    )
    group.add(
        "--max_images",
        type=values.whole_number,
        metavar="N",
        help="use at most N of the selected images; every run selects the same images, and a larger N includes those "
        "of a smaller N",
    )
    group.add(
        "--rotation",
        choices=("ignore", "apply"),
        default="ignore",
        help="apply: rotate images and boxes as --image_list says, instead of as EXIF says (default: %(default)s)",
    )
    group.add(
        "--verify_md5",
        action="store_true",
        help="fail images whose bytes do not match the OriginalMD5 of --image_list; for originals, not for copies",
    )
