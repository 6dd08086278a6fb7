"""A lease keeps other runs out of an OUT in an object store, and out of any OUT that a remote job is using.

OUT/.run/lease.json names the run or the job that uses OUT. On an object store it is advisory: it is not a lock. Beam's
file systems have no way to create a file only if it does not exist, so two runs that begin within the same second may
both believe that they hold the lease. Both then write the same bytes under the same names, and only waste work. A local
OUT has a lock against other runs (`lock.py`), and a lease only while a job is running.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.exclusive.lock import process_description
from transforms import storage
from transforms.dataset import state
from transforms.dataset.paths import LEASE_PATH
from transforms.model.errors import RunError, StorageError
from transforms.model.json_lines import json_line

# Seconds between two renewals, and seconds after the last renewal until a run is considered dead.
_RENEWAL_PERIOD = 60.0
_EXPIRY = 300.0


class Lease:
    """The lease that this run holds on OUT. `pass_to_job` passes it to a job, which may outlive this process."""

    def __init__(self, out_dir: str) -> None:
        self._out_dir = out_dir
        self._holder = self._own = {"who": process_description()}

    @property
    def held_by_job(self) -> bool:
        """Whether a job holds the lease now."""
        return "job" in self._holder

    def pass_to_job(self, record: Mapping[str, str]) -> None:
        """Make a job the holder.

        Args:
            record: the description of the job for messages (`who`), its id (`job`), and the data needed to query its
                state.
        """
        self._holder = dict(record)
        self._write()

    def take_back(self) -> None:
        """Make this process the holder again: the job is over."""
        self._holder = self._own
        self.renew()

    def renew(self) -> None:
        """Write the lease with the current time. In a local OUT, delete it, since the lock keeps other runs out."""
        if storage.is_local(self._out_dir):
            storage.delete_all(self._out_dir, [LEASE_PATH])
        else:
            self._write()

    def _write(self) -> None:
        storage.write(self._out_dir, LEASE_PATH, json_line({**self._holder, "renewed": time.time()}))

    def release(self) -> None:
        """Delete the lease, unless a job holds it."""
        if not self.held_by_job:
            storage.delete_all(self._out_dir, [LEASE_PATH])


@contextlib.contextmanager
def hold_lease(out_dir: str, is_job_alive: Callable[[Mapping[str, Any]], bool]) -> Iterator[Lease]:
    """Hold the lease of an OUT inside the context, and bring its state to the current form; see `state.settle`.

    Args:
        out_dir: OUT. If it is local, the caller holds its lock.
        is_job_alive: returns whether the job of a record may still be running.

    Raises:
        RunError: another run holds the lease.
        StorageError: OUT cannot be written to.
    """
    old = state.old_path(LEASE_PATH)  # the lease of a run of an earlier version
    for path in (LEASE_PATH, old):
        _check_free(out_dir, path, is_job_alive)
    lease = Lease(out_dir)
    lease.renew()
    over = threading.Event()
    if not storage.is_local(out_dir):
        threading.Thread(target=_keep_alive, args=(lease, over), daemon=True).start()
    try:
        if not storage.is_local(out_dir):
            storage.delete_all(out_dir, [old])
            state.settle(out_dir)
        yield lease
    finally:
        over.set()
        with contextlib.suppress(StorageError):
            lease.release()


def _check_free(out_dir: str, lease_path: str, is_job_alive: Callable[[Mapping[str, Any]], bool]) -> None:
    path = storage.join(out_dir, lease_path)
    content = storage.read_if_there(path)
    if content is None:
        return
    try:
        lease = json.loads(content)
        holder, job_id, renewed = lease["who"], lease.get("job"), float(lease["renewed"])
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{path!r} is damaged and does not name a run: if no run uses this output, delete it") from error
    if job_id:
        alive = is_job_alive(lease)
        cancel = f"cancel it with: {lease['cancel']}" if lease.get("cancel") else "cancel it"
        hint = f"wait for it to end, or {cancel}; if it has already ended, delete {path!r}"
    else:
        alive = time.time() - renewed < _EXPIRY
        hint = f"wait for it to end, or stop it; if it was killed, wait {_EXPIRY / 60:.0f} minutes"
    if alive:
        raise RunError(f"another run is using {out_dir!r} ({holder}): {hint}")


def _keep_alive(lease: Lease, over: threading.Event) -> None:
    while not over.wait(_RENEWAL_PERIOD) and not lease.held_by_job:
        with contextlib.suppress(StorageError):  # the next attempt is in a minute
            lease.renew()
