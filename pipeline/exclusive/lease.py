"""A lease keeps a second run out of an OUT in a store. It is advisory: it is not a lock.

OUT/.run/lease.json names the run that uses OUT. Beam's file systems cannot create a file only if it does not
exist, so two runs that begin within the same second may both believe that they hold the lease. Both then write
the same bytes under the same names, and only waste work.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Sequence

from loguru import logger

from pipeline.exclusive.lock import process_description
from transforms import compat, storage
from transforms.dataset import state
from transforms.dataset.paths import LEASE_PATH
from transforms.model.errors import RunError, StorageError
from transforms.model.json_lines import json_line

# Seconds between two renewals, and seconds after the last one until a run counts as dead.
_RENEWAL_PERIOD = 60.0
_EXPIRY = 300.0


class Lease:
    """The lease that this run holds on OUT. `pass_to_job` passes it to a Dataflow job, which outlives this process."""

    def __init__(self, out_dir: str) -> None:
        self._out_dir = out_dir
        self._holder = {"who": process_description()}

    @property
    def held_by_job(self) -> bool:
        """Whether a job holds the lease now."""
        return "job" in self._holder

    def pass_to_job(self, job_id: str, page: str) -> None:
        """Make a job the holder."""
        self._holder = {"who": f"job {job_id}: {page}", "job": job_id}
        self.renew()

    def renew(self) -> None:
        """Write the lease with the current time."""
        storage.write(self._out_dir, LEASE_PATH, json_line({**self._holder, "renewed": time.time()}))

    def release(self) -> None:
        """Delete the lease, unless a job holds it."""
        if not self.held_by_job:
            storage.delete_all(self._out_dir, [LEASE_PATH])


@contextlib.contextmanager
def hold_lease(out_dir: str, beam_args: Sequence[str]) -> Iterator[Lease]:
    """Hold the lease of an OUT in a store while the context lasts, and have its state where this version has it.

    Args:
        out_dir: OUT.
        beam_args: flags for asking Dataflow about the job that holds the lease.

    Raises:
        RunError: another run holds it.
        StorageError: OUT cannot be written to.
    """
    old = state.old_path(LEASE_PATH)  # of a run of an earlier version
    for path in (LEASE_PATH, old):
        _check_free(out_dir, path, beam_args)
    lease = Lease(out_dir)
    lease.renew()
    over = threading.Event()
    threading.Thread(target=_keep_alive, args=(lease, over), daemon=True).start()
    try:
        storage.delete_all(out_dir, [old])
        state.settle(out_dir)
        yield lease
    finally:
        over.set()
        with contextlib.suppress(StorageError):
            lease.release()


def _check_free(out_dir: str, lease_path: str, beam_args: Sequence[str]) -> None:
    path = storage.join(out_dir, lease_path)
    content = storage.read_if_there(path)
    if content is None:
        return
    try:
        lease = json.loads(content)
        holder, job_id, renewed = lease["who"], lease.get("job"), float(lease["renewed"])
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{path!r} is damaged and names no run: if no run uses this output, delete it") from error
    if job_id:
        alive = _is_job_alive(job_id, beam_args)
        hint = f"wait for its end, or cancel it; if it is over, delete {path!r}"
    else:
        alive = time.time() - renewed < _EXPIRY
        hint = f"wait for its end, or stop it; if it was killed, wait {_EXPIRY / 60:.0f} minutes"
    if alive:
        raise RunError(f"another run is using {out_dir!r} ({holder}): {hint}")


def _is_job_alive(job_id: str, beam_args: Sequence[str]) -> bool:
    """Return whether a job may still be running: True unless the service says that it has ended."""
    from apache_beam.runners.runner import PipelineState

    try:
        state = compat.dataflow_job_state(job_id, beam_args)
    except RunError:
        raise
    # Every Exception: no project given, no permission, no such job, no answer.
    except Exception as error:
        logger.warning("cannot get the state of job {}, which may be running: {}", job_id, error)
        return True
    return not PipelineState.is_terminal(state)


def _keep_alive(lease: Lease, over: threading.Event) -> None:
    while not over.wait(_RENEWAL_PERIOD) and not lease.held_by_job:
        with contextlib.suppress(StorageError):  # the next attempt follows in a minute
            lease.renew()
