"""OUT/_run/attempts/<shard>.json: that a shard was begun. It goes when the shard is committed.

One that is still there when the shard is begun again tells of an attempt that came to no end: the process
was killed, or an image killed it.
"""

from __future__ import annotations

from transforms import storage
from transforms.model.json_lines import json_line
from transforms.model.records import RUN_DIR, Shard

ATTEMPTS_DIR = f"{RUN_DIR}/attempts"


def begin(out_dir: str, shard: Shard) -> bool:
    """Records that a shard is begun; False where the record of an earlier attempt is there.

    Raises:
        StorageError: it cannot be written.
    """
    if storage.exists(storage.join(out_dir, _path(shard))):
        return False
    storage.write(out_dir, _path(shard), json_line({"shard": shard.name}))
    return True


def end(out_dir: str, shard: Shard) -> None:
    """The shard is committed."""
    storage.delete_all(out_dir, [_path(shard)])


def forget(out_dir: str) -> None:
    """Drops all records: what they tell of is over, or was ended on purpose."""
    storage.delete_tree(storage.join(out_dir, ATTEMPTS_DIR))


def _path(shard: Shard) -> str:
    return f"{ATTEMPTS_DIR}/{shard.name}.json"
