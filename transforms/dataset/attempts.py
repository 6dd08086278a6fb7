"""Records of shards that were begun and are not committed: OUT/_run/attempts/SHARD.json.

If a record is there when its shard is begun, an earlier attempt did not end: its process was killed, perhaps by
one of the images.
"""

from __future__ import annotations

from transforms import storage
from transforms.model.json_lines import json_line
from transforms.model.records import RUN_DIR, Shard

ATTEMPTS_DIR = f"{RUN_DIR}/attempts"


def begin(out_dir: str, shard: Shard) -> bool:
    """Record that a shard is begun. Return False if the record of an earlier attempt is there.

    Raises:
        StorageError: the record cannot be written.
    """
    if storage.exists(storage.join(out_dir, _path(shard))):
        return False
    storage.write(out_dir, _path(shard), json_line({"shard": shard.name}))
    return True


def end(out_dir: str, shard: Shard) -> None:
    """Delete the record of a shard, which is committed."""
    storage.delete_all(out_dir, [_path(shard)])


def forget(out_dir: str) -> None:
    """Delete all records, because the attempts are complete or were ended on purpose."""
    storage.delete_tree(storage.join(out_dir, ATTEMPTS_DIR))


def _path(shard: Shard) -> str:
    return f"{ATTEMPTS_DIR}/{shard.name}.json"
