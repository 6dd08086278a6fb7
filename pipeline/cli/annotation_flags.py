"""Flags of the annotations of Open Images: boxes, their classes, and which images are taken by them."""

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
        help="lists of images as Open Images publishes them, such as train-images-boxable-with-rotation.csv: take only "
        "images that are listed, with their authors and licenses; missing-*.jsonl names those that the input lacks",
    )
    group.add(
        "--boxes",
        nargs="+",
        metavar="FILE",
        help="tables of boxes (.csv, .csv.gz) as Open Images publishes them: one for all images, or one for each -i. "
        "An image is named by its ImageID, the last part of its key",
    )
    group.add(
        "--image_labels",
        nargs="+",
        metavar="FILE",
        help="tables of labels of whole images, as --boxes; a confidence of 0 says that an image does not hold a class",
    )
    group.add(
        "--annotations",
        nargs="+",
        choices=FORMATS,
        help="also write files with boxes, with --layout files; coco is a coco.json for each size and split, yolo a "
        "text file beside each image, and data.yaml. objects, in every layout, and the keys of --layout tfrecord are "
        "always written",
    )
    group.add(
        "--class_names",
        metavar="FILE",
        help="the names of the classes, such as class-descriptions-boxable.csv (default: classes have no names)",
    )
    group.add(
        "--class_hierarchy",
        metavar="FILE",
        help="the hierarchy of the classes, such as bbox_labels_600_hierarchy.json: a box of a class is one of each of "
        "its ancestors too",
    )


def _add_selection(group: FlagGroup) -> None:
    group.add(
        "--classes",
        nargs="+",
        metavar="CLASS",
        help="take only images with a box or a label of one of these classes, by name or as /m/01yrx; they keep all of "
        "their boxes and labels",
    )
    group.add(
        "--exclude_classes",
        nargs="+",
        metavar="CLASS",
        help="leave out images with a box or a label of one of these classes",
    )
    group.add("--only_classes", action="store_true", help="leave out the boxes and labels of all classes but --classes")
    group.add(
        "--box_filter",
        type=values.flag_rules,
        metavar="RULES",
        help="keep only boxes whose flags fulfil all rules, such as 'IsGroupOf=0 IsDepiction!=1'; -1 is unknown",
    )
    group.add(
        "--min_visible",
        type=values.visible_share,
        metavar="SHARE",
        help="drop a box of which the output shows a smaller share than this, 0 to 1 (default: keep all that is seen)",
    )


def _add_limits(group: FlagGroup) -> None:
    group.add(
        "--max_per_class",
        type=values.whole_number,
        metavar="N",
        help="take N images of each class, or of each of --classes, as far as there are so many: the same ones in "
        "every run, and a larger N contains a smaller; an image of two classes may be taken for either",
    )
    group.add(
        "--max_images",
        type=values.whole_number,
        metavar="N",
        help="take at most N of the images that are selected: the same ones in every run, and a larger N contains a "
        "smaller",
    )
    group.add(
        "--rotation",
        choices=("ignore", "apply"),
        default="ignore",
        help="apply: turn images and boxes as --image_list says, and not as EXIF says (default: %(default)s)",
    )
    group.add(
        "--verify_md5",
        action="store_true",
        help="an image whose bytes differ from the OriginalMD5 of --image_list fails; for originals, not for copies",
    )
