"""OUT/.run/history-<run>.json: the settings of a run and, after it has succeeded, its times and rates."""

from __future__ import annotations

import datetime
import secrets
import time
from typing import Any

from pipeline.cli.options import Options
from transforms import storage
from transforms.imaging import resample
from transforms.model.json_lines import json_line
from transforms.model.records import RUN_DIR


class History:
    """The record of one run. It is written immediately, to detect an OUT that is not writable.

    Args:
        options: the command.
        begun: the start of the command, by `time.monotonic`.

    Attributes:
        run_id: the ID of the run. It begins with the date and time.
        settings: the fields that are known when the run starts.

    Raises:
        StorageError: the record cannot be written.
    """

    def __init__(self, options: Options, begun: float) -> None:
        self._begun = begun
        started = datetime.datetime.now(datetime.UTC)
        self.run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self._out_dir = options.config.out_dir
        self.settings = {
            "started": started.isoformat(timespec="seconds"),
            "runner": options.runner or "local",
            "processes": options.config.processes,
            # Workers of other runners may differ from this machine; their counters record it.
            **({} if options.runner else {"resampling": resample.resampler()}),
        }
        self.write({})

    def startup_seconds(self) -> float:
        """Return the seconds since the command began."""
        return time.monotonic() - self._begun

    def write(self, figures: dict[str, Any]) -> None:
        """Write the record with the figures of the run, and delete the temporary files of stopped runs."""
        path = f"{RUN_DIR}/history-{self.run_id}.json"
        storage.write(self._out_dir, path, json_line({**self.settings, **figures}))
        storage.delete_tree(storage.join(self._out_dir, storage.TEMPORARY_DIR))
