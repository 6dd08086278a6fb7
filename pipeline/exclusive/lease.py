"""One run at a time on one OUT of a store: a lease, which is advice and no lock.

OUT/_run/lease.json tells who is at work. Stores as Beam has them cannot make a file only if there is none, so
that two runs that begin within the same second may both believe that they are alone. Both then write the same
bytes by the same names: what they waste is work.
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
from transforms.dataset.paths import LEASE_PATH
from transforms.model.errors import RunError, StorageError
from transforms.model.json_lines import json_line

# Seconds between two signs of life, and after which there is none.
_RENEWED_EVERY = 60.0
_DEAD_AFTER = 300.0


class Lease:
    """What this run has of an OUT. `job` hands it to a job of Dataflow, which outlives this process."""

    def __init__(self, out_dir: str) -> None:
        self._out_dir = out_dir
        self._holder = {"who": process_description()}

    @property
    def is_a_jobs(self) -> bool:
        """Whether a job has it now."""
        return "job" in self._holder

    def job(self, job_id: str, page: str) -> None:
        """The job is what works on OUT from now on."""
        self._holder = {"who": f"job {job_id}: {page}", "job": job_id}
        self.renew()

    def renew(self) -> None:
        """Writes it, with the time."""
        storage.write(self._out_dir, LEASE_PATH, json_line({**self._holder, "renewed": time.time()}))

    def end(self) -> None:
        """Gives OUT back, unless a job has it."""
        if not self.is_a_jobs:
            storage.delete_all(self._out_dir, [LEASE_PATH])


@contextlib.contextmanager
def leased(out_dir: str, beam_args: Sequence[str]) -> Iterator[Lease]:
    """Has an OUT of a store to itself while the context lasts, as far as a lease can give that.

    Args:
        out_dir: in a store.
        beam_args: say how the service is asked about a job.

    Raises:
        RunError: another run has it.
        StorageError: OUT cannot be written to.
    """
    _check_free(out_dir, beam_args)
    lease = Lease(out_dir)
    lease.renew()
    over = threading.Event()
    threading.Thread(target=_stay_alive, args=(lease, over), daemon=True).start()
    try:
        yield lease
    finally:
        over.set()
        with contextlib.suppress(StorageError):
            lease.end()


def _check_free(out_dir: str, beam_args: Sequence[str]) -> None:
    path = storage.join(out_dir, LEASE_PATH)
    found = storage.read_if_there(path)
    if found is None:
        return
    try:
        holder = json.loads(found)
        holder_is, job, renewed = holder["who"], holder.get("job"), float(holder["renewed"])
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{path!r} is damaged, and tells of no run: if none is at work, delete it") from error
    if job:
        alive = _job_lives(job, beam_args)
        hint = f"wait for its end, or cancel it; if it is over, delete {path!r}"
    else:
        alive = time.time() - renewed < _DEAD_AFTER
        hint = f"wait for its end, or end it; if it was killed, wait {_DEAD_AFTER / 60:.0f} minutes"
    if alive:
        raise RunError(f"another run is at work on {out_dir!r} ({holder_is}): {hint}")


def _job_lives(job_id: str, beam_args: Sequence[str]) -> bool:
    """Whether a job is not over; one of which the service tells nothing may well live."""
    from apache_beam.runners.runner import PipelineState

    try:
        state = compat.dataflow_job_state(job_id, beam_args)
    except RunError:
        raise
    # Every Exception: no project given, no right to ask, no such job, no answer.
    except Exception as error:
        logger.warning("cannot ask about job {}: {}", job_id, error)
        return True
    return not PipelineState.is_terminal(state)


def _stay_alive(lease: Lease, over: threading.Event) -> None:
    while not over.wait(_RENEWED_EVERY) and not lease.is_a_jobs:
        with contextlib.suppress(StorageError):  # the next one comes in a minute
            lease.renew()
