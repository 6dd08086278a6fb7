"""The files that a job has written to OUT -> the progress of a run. It works for every runner, as it asks none."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from transforms import storage
from transforms.dataset import state
from transforms.dataset.paths import MARKERS_DIR
from transforms.dataset.plan import images_listed
from transforms.model.errors import RunError, StorageError
from transforms.model.records import Tally
from transforms.storage.paths import escaped
from transforms.summary.progress import Progress

# Seconds between two listings of OUT: on a store, each listing is billed.
_LOCAL_PERIOD, _STORE_PERIOD = 1.0, 15.0
# The number of markers that are read at the same time.
_READERS = 16


class _Seen(NamedTuple):
    """A marker: its size and version, whether it is older than the run, and its tally."""

    version: tuple[int, float]
    is_earlier: bool
    tally: Tally


class JobProgress:
    """Updates the counters of a run from the markers in OUT.

    Args:
        out_dir: OUT, in its state before the job starts.
        run_id: the ID of the run.
        progress: the counters.

    Raises:
        StorageError, RunError: the markers of earlier runs cannot be read.
    """

    def __init__(self, out_dir: str, run_id: str, progress: Progress) -> None:
        self._out_dir, self._run_id, self._progress = out_dir, run_id, progress
        self._seen: dict[str, _Seen] = {}
        listed = self._listed()
        packed = [path for path in state.paths(out_dir, f"{MARKERS_DIR}/") if path not in listed]
        self._read({**dict.fromkeys(packed, (0, 0.0)), **listed}, is_earlier=True)

    def update(self) -> None:
        """Read the changes in OUT.

        Raises:
            StorageError, RunError: a marker cannot be read.
        """
        if self._progress.total is None and (images := images_listed(self._out_dir, self._run_id)) is not None:
            self._progress.set_total(images)
        listed = self._listed()
        changed = {
            path: version
            for path, version in listed.items()
            if path not in self._seen or self._seen[path].version != version
        }
        self._read(changed, is_earlier=False)

    @contextlib.contextmanager
    def kept_current(self) -> Iterator[None]:
        """Update repeatedly in another thread inside the context, and once more at its end."""
        over = threading.Event()
        thread = threading.Thread(target=self._update_until, args=(over,), name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _update_until(self, over: threading.Event) -> None:
        period = _LOCAL_PERIOD if storage.is_local(self._out_dir) else _STORE_PERIOD
        is_over = False
        while not is_over:
            is_over = over.wait(period)
            with contextlib.suppress(StorageError, RunError):  # the next update may succeed; the job reports its errors
                self.update()

    def _listed(self) -> dict[str, tuple[int, float]]:
        folder = storage.join(self._out_dir, MARKERS_DIR)
        found = storage.list_pattern(storage.join(escaped(folder), "*.jsonl"))
        return {storage.below(self._out_dir, path): (size, version) for path, size, version in found}

    def _read(self, versions: dict[str, tuple[int, float]], is_earlier: bool) -> None:
        with ThreadPoolExecutor(_READERS) as pool:
            for path, tally in zip(versions, pool.map(self._tally, versions), strict=True):
                self._seen[path] = _Seen(versions[path], is_earlier, tally)
        images: list[tuple[dict[str, int], bool]] = [
            (seen.tally["images"], seen.is_earlier) for seen in self._seen.values()
        ]
        done = sum(counts["matched"] for counts, _ in images)
        self._progress.set_counts(
            done=done,
            resumed=sum(counts["matched"] for counts, is_earlier in images if is_earlier),
            failed=sum(counts["failed"] for counts, _ in images),
            committed=done,
        )

    def _tally(self, path: str) -> Tally:
        """Return the tally in the first line of a marker, without reading the rest, which may be long."""
        location = storage.join(self._out_dir, path)
        if storage.size(location) is None:
            line = (state.read(self._out_dir, path) or b"").partition(b"\n")[0]
        else:
            with storage.open_file(location) as file:
                line = file.readline()
        try:
            header: dict[str, Any] = json.loads(line)
            return header["tally"]
        except (ValueError, KeyError) as error:
            raise RunError(f"{location!r} is damaged") from error
