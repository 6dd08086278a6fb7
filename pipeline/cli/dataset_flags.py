"""Flags of the dataset: its inputs and output, how to continue an existing dataset, its labels and its card."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pipeline.cli import values
from pipeline.cli.defaults import DATAFLOW_IMAGES_PER_SHARD
from pipeline.cli.group import FlagGroup
from transforms.layouts import DEFAULT_LAYOUT, LAYOUTS
from transforms.listing.lists import URL_COLUMNS
from transforms.model.config import LABEL_SOURCES

VERIFICATIONS = ("sizes", "full")

_OF_FILES, _OF_ARCHIVES = LAYOUTS["files"].images_per_shard, LAYOUTS["webdataset"].images_per_shard


def add_flags(parser: argparse.ArgumentParser) -> Iterator[FlagGroup]:
    """Add the groups of this module to a parser, and yield them."""
    for title, add in (
        ("dataset", _add_dataset_flags),
        ("existing dataset", _add_continuation_flags),
        ("lists and the web", _add_list_flags),
        ("labels and tables", _add_sample_flags),
        ("card", _add_card_flags),
    ):
        group = FlagGroup(parser, title)
        add(group)
        yield group


def _add_dataset_flags(group: FlagGroup) -> None:
    group.add(
        "-i",
        "--in_dir",
        nargs="+",
        required=True,
        metavar="IN",
        help="a folder with all its subfolders, a glob pattern (including **), an archive (.tar, .zip, .tar.gz), an "
        "object store path such as gs://bucket/train or s3://bucket/train, a web address, or a list of paths and web "
        "addresses (.txt, .csv, .tsv, .jsonl, each optionally with .gz, or .parquet); several inputs become the splits "
        "of one dataset, named after their last folders; a single input is the split train",
    )
    group.add(
        "-o",
        "--out_dir",
        metavar="OUT",
        help="the folder or object store path to write the dataset to; not needed with --estimate",
    )
    _add_layout_flags(group)
    _add_selection_flags(group)


def _add_layout_flags(group: FlagGroup) -> None:
    group.add(
        "--layout",
        choices=LAYOUTS,
        default=DEFAULT_LAYOUT,
        help="; ".join(f"{name}: {layout.summary}" for name, layout in LAYOUTS.items()) + " (default: %(default)s)",
    )
    group.add(
        "--images_per_shard",
        type=values.whole_number,
        metavar="N",
        help=f"the number of images in a shard, the unit of work and of resuming (default: {_OF_FILES}; {_OF_ARCHIVES} "
        f"for archives; {DATAFLOW_IMAGES_PER_SHARD} on Dataflow)",
    )


def _add_selection_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--list_prefixes",
        type=values.alphabet,
        metavar="CHARS",
        help="list gs:// and s3:// inputs of millions of files in parallel, split by the first characters of the "
        "names: hex, or the characters themselves (default: one listing)",
    )
    group.add_setting(
        "--any_name",
        action="store_true",
        help="try to read every file, whatever its name: files without an extension, and files such as "
        "b.jpg?size=large, whose whole name becomes the key",
    )
    group.add(
        "--split",
        nargs="+",
        metavar="NAME",
        help="the name of each split, one for each -i (default: the last folder of each -i; train for a single -i, "
        "unless its folder is called val, validation, dev or test)",
    )
    group.add_setting(
        "--sample",
        type=values.share,
        metavar="SHARE",
        help="use only a fraction of the images, such as 1/10; every run selects the same images, and a larger sample "
        "includes those of a smaller one (default: %(default)s, all images)",
    )


def _add_continuation_flags(group: FlagGroup) -> None:
    group.add(
        "--overwrite",
        action="store_true",
        help="start over in an OUT that holds a dataset: delete the files of that dataset, and nothing else",
    )
    group.add_setting(
        "--retry_failed",
        action="store_true",
        help="retry every shard that has a failed image, whatever the reason",
    )
    group.add(
        "--verify",
        nargs="?",
        const="sizes",
        choices=VERIFICATIONS,
        help="check that every committed file exists and has the right size, or with full the right SHA-256, and write "
        "no images; the next run recreates files that are missing or differ",
    )


def _add_list_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--url_column",
        type=values.not_empty,
        metavar="COLUMN",
        help="the column of a list with the path or web address of each image (default: the first of "
        f"{', '.join(URL_COLUMNS[:-1])} and {URL_COLUMNS[-1]} that the list has)",
    )
    group.add_setting(
        "--key_column",
        type=values.not_empty,
        metavar="COLUMN",
        help="the column of a list with the key of each image, such as ImageID (default: the host and the path of a "
        "web address; the path of a file below the list's folder)",
    )
    group.add_setting(
        "--verify_hash",
        type=values.not_empty,
        metavar="COLUMN",
        help="the column of a list with the MD5, SHA-1, SHA-256 or SHA-512 of each file, in hexadecimal or Base64; "
        "files that do not match fail",
    )
    group.add_setting(
        "--requests_per_host",
        type=values.whole_number,
        metavar="N",
        help="the number of simultaneous requests to one host from each process of the runner (default: %(default)s)",
    )
    group.add_setting(
        "--allow_private_hosts",
        action="store_true",
        help="allow requests to addresses of this machine and of private networks",
    )
    group.add_setting(
        "--ignore_robots_tag",
        action="store_true",
        help="also use images that their server marks noai, noimageai, noindex or noimageindex in X-Robots-Tag",
    )


def _add_sample_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--label_from",
        choices=LABEL_SOURCES,
        help="folder: label each image with the name of its folder, the last one in its path (default: no labels)",
    )
    group.add_setting(
        "--columns",
        type=values.not_empty,
        metavar="FILE",
        help="a table (.csv, .tsv, .jsonl, .parquet) of additional columns, such as label or caption. Its column key, "
        "ImageID, image_id or file_name identifies the images",
    )
    group.add_setting(
        "--attribution",
        type=values.not_empty,
        metavar="FILE",
        help="a table of the author and license of each image, with the columns of Open Images: ImageID, OriginalURL, "
        "OriginalLandingURL, License, AuthorProfileURL, Author and Title",
    )


def _add_card_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--name",
        metavar="NAME",
        help="the name of the dataset (default: the last folder of -i; the names of the splits if there are several)",
    )
    group.add_setting(
        "--license", type=values.license_id, metavar="ID", help="the license of the dataset, such as cc-by-4.0"
    )
    group.add_setting(
        "--citation", type=values.not_empty, metavar="FILE", help="a BibTeX file that says how to cite the dataset"
    )
