"""What lies in OUT besides the images: the settings of its first run, and how many shards that fixed.

OUT/_run/config.json                {"inputs": ..., "settings": ..., "shards": {"train": 20}}
OUT/_run/shards/<shard>.jsonl       markers, see `marker`
OUT/_run/attempts/                  shards that are being made, see `attempts`
OUT/_run/receipts/  OUT/_run/tmp/   what the runs did, and what a run is writing
OUT/_run/pieces/                    what each part has of the files that have no parts
OUT/_run/lock, in a store lease.json  who is at work
OUT/manifest-*, failures-*, summary.json, SHA256SUMS, README.md, croissant.json
OUT/shards.jsonl                    with archives
OUT/[SIZE/][SPLIT/]metadata.jsonl   with layout files
OUT/attribution-*, LICENSE, unmatched-*   with tables
OUT/report.html                     the page that tells of it
"""

from __future__ import annotations

from transforms.model.records import RUN_DIR

CONFIG_PATH = f"{RUN_DIR}/config.json"


LOCK_PATH = f"{RUN_DIR}/lock"


LEASE_PATH = f"{RUN_DIR}/lease.json"


RECEIPTS_DIR = f"{RUN_DIR}/receipts"


PIECES_DIR = f"{RUN_DIR}/pieces"


SUMMARY_PATH = "summary.json"


ARCHIVES_PATH = "shards.jsonl"


CARD_PATH = "README.md"


CROISSANT_PATH = "croissant.json"


LICENSE_PATH = "LICENSE"


SUMS_PATH = "SHA256SUMS"


# Marks a card that a run has written. A run leaves a card without the mark as it is: somebody has edited it.
MADE_BY_RUNS = "<!-- Every run rewrites this file. Delete this line to keep your own text. -->"
