"""The state of a dataset, wherever it lies."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import write_tree
from transforms.dataset import packed, state
from transforms.model.records import PACKED_PATH, RUN_DIR


def state_of(out: Path) -> Path:
    """Return the folder with the state of a dataset. Unpack it first, as a run that was interrupted would leave it."""
    if (file := out / PACKED_PATH).exists():
        found = packed.names(str(file), "")
        write_tree(out / RUN_DIR, {name: packed.read(str(file), name) or b"" for name in found})
        file.unlink()
    return out / RUN_DIR


def markers(out: Path) -> dict[str, float | None]:
    """Return the marker of each shard by its name: when a run that was completed made the shard, or None."""
    receipts = state.paths(str(out), f"{RUN_DIR}/receipts/")
    lines = [json.loads(line) for path in receipts for line in (state.read(str(out), path) or b"").splitlines()]
    made = {line["shard"]: line["time"] for line in sorted(lines, key=lambda line: line["time"]) if line["again"]}
    names = [Path(path).name for path in state.paths(str(out), f"{RUN_DIR}/shards/")]
    return {name: made.get(name.removesuffix(".jsonl")) for name in names}
