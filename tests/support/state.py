"""Access to the state of a dataset, wherever it is stored."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import write_tree
from transforms.dataset import packed, state
from transforms.model.records import PACKED_PATH, RUN_DIR


def state_of(out: Path) -> Path:
    """Unpack the state of a dataset to its folder, as an interrupted run would leave it, and return the folder."""
    if (file := out / PACKED_PATH).exists():
        found = packed.names(str(file), "")
        write_tree(out / RUN_DIR, {name: packed.read(str(file), name) or b"" for name in found})
        file.unlink()
    return out / RUN_DIR


def markers(out: Path) -> dict[str, float | None]:
    """Return file name of each marker -> time at which a completed run made the shard; None if none did."""
    receipts = state.paths(str(out), f"{RUN_DIR}/receipts/")
    lines = [json.loads(line) for path in receipts for line in (state.read(str(out), path) or b"").splitlines()]
    made = {line["shard"]: line["time"] for line in sorted(lines, key=lambda line: line["time"]) if line["again"]}
    names = [Path(path).name for path in state.paths(str(out), f"{RUN_DIR}/shards/")]
    return {name: made.get(name.removesuffix(".jsonl")) for name in names}
