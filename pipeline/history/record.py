"""OUT/_run/history-<run>.json: what a run was, and, once it has ended well, its times and rates."""

from __future__ import annotations

import datetime
import secrets
import time
from typing import Any

from pipeline.cli.options import Options
from transforms import storage
from transforms.model.json_lines import json_line
from transforms.model.records import RUN_DIR


class History:
    """The record of one run, which is written at once, so that an OUT that cannot be written to is noticed.

    Args:
        options: the command.
        begun: when it was given, by `time.monotonic`.

    Raises:
        StorageError: it cannot be.
    """

    def __init__(self, options: Options, begun: float) -> None:
        self.begun = begun
        started = datetime.datetime.now(datetime.UTC)
        self.run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self._out_dir = options.config.out_dir
        self.told = {
            "started": started.isoformat(timespec="seconds"),
            "runner": options.runner or "local",
            "processes": options.config.threads,
        }
        self.write({})

    def starting(self) -> float:
        """Seconds since the command was given."""
        return time.monotonic() - self.begun

    def write(self, figures: dict[str, Any]) -> None:
        """Adds what is known at the end; drops what a run that was cut off had not finished writing."""
        path = f"{RUN_DIR}/history-{self.run_id}.json"
        storage.write(self._out_dir, path, json_line({**self.told, **figures}))
        storage.delete_tree(storage.join(self._out_dir, storage.TEMPORARY_DIR))
