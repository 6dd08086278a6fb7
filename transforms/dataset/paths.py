"""The paths of a dataset's files below OUT, except for images and archives, whose paths `layouts` defines.

.run/config.json                          the plan, see `plan`
.run/shards/SHARD.jsonl                   markers of committed shards, see `markers`
.run/receipts/                            what each run committed or found committed
.run/history-RUN.json                     times and rates of each run
.run/archives/                            the index of each .tar.gz, see `sources.gzip_index`
.run/pieces/                              each part's piece of the files that have no parts
.run/tmp/                                 incomplete files
.run/listed.json                          the number of images that the latest run listed
.run/lease.json, locally .run.lock        the run, or the job of a remote runner, that is in progress
.run.sqlite                               what later runs need of these, once a local run is complete: `state`
manifest-*.jsonl, failures-*.jsonl        rows of all images, and rows of failed images
attribution-*.jsonl, unmatched-*.jsonl    with tables: attributions, and images and rows without a match
missing-*.jsonl, classes.json             with annotations: listed images that the input lacks, and the classes
[SIZE/][SPLIT/]coco.json, [SIZE/]data.yaml  with --annotations: the boxes, and the folders for YOLO
[SIZE/][SPLIT/]metadata.jsonl             with layout `files`
shards.jsonl                              with archives
summary.json, SHA256SUMS, README.md, croissant.json, LICENSE
report.html                               the report
"""

from __future__ import annotations

import re

from transforms.model.records import REPORT_PATH, RUN_DIR

CONFIG_PATH = f"{RUN_DIR}/config.json"
LOCK_PATH = f"{RUN_DIR}.lock"
LEASE_PATH = f"{RUN_DIR}/lease.json"
LISTED_PATH = f"{RUN_DIR}/listed.json"
MARKERS_DIR = f"{RUN_DIR}/shards"
RECEIPTS_DIR = f"{RUN_DIR}/receipts"
PIECES_DIR = f"{RUN_DIR}/pieces"

SUMMARY_PATH = "summary.json"
ARCHIVES_PATH = "shards.jsonl"
CARD_PATH = "README.md"
CROISSANT_PATH = "croissant.json"
LICENSE_PATH = "LICENSE"
SUMS_PATH = "SHA256SUMS"
CLASSES_PATH = "classes.json"
# In the folder of each size, and in that of each size and split.
YOLO_NAME = "data.yaml"
METADATA_NAME, COCO_NAME = "metadata.jsonl", "coco.json"

_DOCUMENTS = frozenset(
    {
        *(SUMMARY_PATH, ARCHIVES_PATH, CARD_PATH, CROISSANT_PATH, LICENSE_PATH, SUMS_PATH, CLASSES_PATH, REPORT_PATH),
        RUN_DIR,
    }
)
_PART_OR_STATE = re.compile(
    r"(manifest|failures|attribution|unmatched|missing)-\d{5,}-of-\d{5,}\.jsonl|" + re.escape(RUN_DIR) + r"\..*",
    re.DOTALL,
)


# Marks a card that a run has written. In a card without the mark, which its owner has edited, runs change only what
# loaders follow: see `card_head.with_current_head`.
GENERATED_MARK = "<!-- Every run rewrites this file. Delete this line to keep your own text. -->"


def own_path(path: str, size_folder: str, split_folder: str) -> str | None:
    """Return the file or folder of the dataset itself that an output would be, or be in; None if there is none.

    Args:
        path: of the output below OUT.
        size_folder: the folder of its size, with a slash at its end; "" for OUT.
        split_folder: the folder of its split in that one, likewise.
    """
    name = path.partition("/")[0]
    if name in _DOCUMENTS or _PART_OR_STATE.fullmatch(name):
        return name
    for folder, names in (size_folder, (YOLO_NAME,)), (size_folder + split_folder, (METADATA_NAME, COCO_NAME)):
        name = path[len(folder) :].partition("/")[0]
        if name in names and path.startswith(folder):
            return folder + name
    return None
