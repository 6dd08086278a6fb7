"""Flags of the dataset: its inputs and output, the continuation of an existing one, its labels and its card."""

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
        *("-i", "--in_dir"),
        nargs="+",
        required=True,
        metavar="IN",
        help="a folder with all its sub-folders, a glob pattern (** too), an archive (.tar, .zip, .tar.gz), a store "
        "path such as gs://bucket/train or s3://bucket/train, a web address, or a list of paths and web addresses "
        "(.txt, .csv, .tsv, .jsonl, each also .gz, or .parquet); several inputs are the splits of one dataset, named "
        "after their last folders; a single one is the split train",
    )
    group.add(
        *("-o", "--out_dir"),
        metavar="OUT",
        help="the folder or store path that the dataset is written to; --estimate does not need it",
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
        help="images in a shard, which is the unit of work and of resume (default: "
        f"{_OF_FILES}; {_OF_ARCHIVES} for archives; {DATAFLOW_IMAGES_PER_SHARD} on Dataflow)",
    )


def _add_selection_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--list_prefixes",
        type=values.alphabet,
        metavar="CHARS",
        help="list gs:// and s3:// inputs of millions of files in parallel, by the characters that the names begin "
        "with: hex, or the characters themselves (default: one listing)",
    )
    group.add_setting(
        "--any_name",
        action="store_true",
        help="try every file by its content, whatever its name: names without an extension, and names such as "
        "b.jpg?size=large, which are keys as a whole",
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
        help="take only a share of the images, such as 1/10: the same images in every run, and a larger sample "
        "contains a smaller one (default: %(default)s, which is all)",
    )


def _add_continuation_flags(group: FlagGroup) -> None:
    group.add(
        "--overwrite",
        action="store_true",
        help="start again in an OUT that holds a dataset: delete what that dataset wrote, and nothing else",
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
        help="make nothing: check that every committed file is there, by its size, or with full by its SHA-256; the "
        "next run makes again what is missing or differs",
    )


def _add_list_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--url_column",
        metavar="COLUMN",
        help=f"the column of a list with the path or web address of each image (default: {', '.join(URL_COLUMNS[:-1])} "
        f"or {URL_COLUMNS[-1]}, the first that it has)",
    )
    group.add_setting(
        "--key_column",
        metavar="COLUMN",
        help="the column of a list with the key of each image, such as ImageID (default: the host and the path of a "
        "web address; the path of a file below the list's folder)",
    )
    group.add_setting(
        "--verify_hash",
        metavar="COLUMN",
        help="the column of a list with the MD5, SHA-1, SHA-256 or SHA-512 of each file, in hexadecimal or Base64: a "
        "file with another one fails",
    )
    group.add_setting(
        "--requests_per_host",
        type=values.whole_number,
        metavar="N",
        help="requests to one host that each process of the runner sends at the same time (default: %(default)s)",
    )
    group.add_setting(
        "--allow_private_hosts",
        action="store_true",
        help="also ask addresses of this machine and of private networks",
    )
    group.add_setting(
        "--ignore_robots_tag",
        action="store_true",
        help="also use images whose server says noai, noimageai, noindex or noimageindex in X-Robots-Tag",
    )


def _add_sample_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--label_from",
        choices=LABEL_SOURCES,
        help="folder: the label of an image is the name of its folder, the last one of its path (default: no labels)",
    )
    group.add_setting(
        "--columns",
        metavar="FILE",
        help="a table (.csv, .tsv, .jsonl, .parquet) of further columns, such as label or caption. Its column key, "
        "ImageID, image_id or file_name holds the keys of the images",
    )
    group.add_setting(
        "--attribution",
        metavar="FILE",
        help="a table of who made each image and under which license, with the columns of Open Images: ImageID, "
        "OriginalURL, OriginalLandingURL, License, AuthorProfileURL, Author and Title",
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
    group.add_setting("--citation", metavar="FILE", help="a file that says how to cite the dataset, in BibTeX")
