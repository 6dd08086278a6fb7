"""The program of a worker process. It creates images one after the other until its parent ends or closes the pipe.

parent  -- WorkerSettings, Task, Task ... -->  worker    over the standard input and output of the worker
        <-- READY, reply, reply ... ----------           replies in the order of the tasks
        ------------ the lifeline ----------->           never written to; it ends when the parent does

The parent sends two lengths, then a pickle and the content of a file, which may be empty. The worker sends a length,
a kind of reply and a time in seconds, then a pickle.

A worker imports the core and the local storage, but neither Beam nor the client of an object store.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import pickle
import resource
import signal
import struct
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.resize import Admit
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import POLITE, WebPolicy
from transforms.model.records import Source
from transforms.resizing.allocator import keep_freed_memory
from transforms.resizing.source_result import SourceResult, process_source, without_output
from transforms.resizing.stopwatch import Stopwatch
from transforms.sources import memory_to_unpack, read

_TASK_HEAD, _REPLY_HEAD = struct.Struct("=QQ"), struct.Struct("=QBd")

# Sent once, before the first reply: the worker has loaded everything.
READY = "ready"

# The seconds that one image may take, far more than any needs: an AVIF of 100 megapixels takes half a minute to encode.
SECONDS = 120.0

# Bytes of address space in addition to the memory granted to an image: decoders reserve more than they touch (WebP: two
# pictures, 2 GB). The limit protects the machine from a decoder that takes far more than was estimated.
_HEADROOM = 6_000_000_000


class WorkerSettings(NamedTuple):
    """The settings for the sources that follow.

    Args:
        spec: the settings of the images.
        staging: the OUT in whose temporary files outputs are stored; "" to send them to the parent.
        memory: the bytes that decoded images may use in all workers together.
        seconds: the time that one image may take.
        web: the policy for downloading files from the web.
    """

    spec: ResizeSpec
    staging: str
    memory: int
    seconds: float = SECONDS
    web: WebPolicy = POLITE


class Task(NamedTuple):
    """A source to process, the content of its file (None to read it), and the bytes that decoding it may use."""

    source: Source
    data: bytes | None
    granted: int


class PackedResult(NamedTuple):
    """A result as a worker sent it.

    The thread that receives replies wakes for a few of them at a time. Its caches are cold then, so unpickling would
    take it about four times as long as the thread that needs all results of a batch at once.

    Args:
        pickled: the pickled `SourceResult`.
        failed: its `failed`.
        seconds: the wall time from the task to the result.
    """

    pickled: bytes
    failed: bool
    seconds: float

    def unpack(self) -> SourceResult:
        """Return the result."""
        result: SourceResult = pickle.loads(self.pickled)
        return result


class NeedsMemory(NamedTuple):
    """The reply to a task that must be sent again with more memory, in bytes."""

    bytes: int


class Failed(NamedTuple):
    """The reply to a task that raised an error which the image did not cause. The error ends the run."""

    error: Exception


TimeLimit = Callable[[float], contextlib.AbstractContextManager[object]]

Reply = PackedResult | NeedsMemory | Failed

# Kinds of replies: a result, a result of which an output failed, and any other reply.
_RESULT, _FAILED_RESULT, _OTHER = range(3)


class _NeedsMemoryError(Exception):
    """Decoding needs more bytes than were granted."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


def message_to_worker(message: WorkerSettings | Task) -> list[bytes]:
    """Return the parts of a message. The content of a task's file is a part of its own, and is not copied."""
    data = b""
    if isinstance(message, Task) and message.data:
        data, message = message.data, message._replace(data=b"")
    pickled = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return [_TASK_HEAD.pack(len(pickled), len(data)) + pickled, *([data] if data else [])]


def reply_at(received: bytearray, start: int) -> tuple[Reply | str, int] | None:
    """Return the reply that begins at `start` and the end of its message, or None if the message is incomplete."""
    if len(received) - start < _REPLY_HEAD.size:
        return None
    length, kind, seconds = _REPLY_HEAD.unpack_from(received, start)
    start += _REPLY_HEAD.size
    if len(received) - start < length:
        return None
    pickled = bytes(memoryview(received)[start : start + length])
    reply = pickle.loads(pickled) if kind == _OTHER else PackedResult(pickled, kind == _FAILED_RESULT, seconds)
    return reply, start + length


def serve(lifeline: int) -> None:
    """Answer tasks until the lifeline ends; then end the process at once, whatever it is doing.

    Args:
        lifeline: the file descriptor of a pipe whose other end is open in the parent.
    """
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    answers = _prepare()
    _send(answers, READY)
    settings, is_first = None, True
    while True:
        message = _receive()
        if isinstance(message, WorkerSettings):
            settings = message
        else:
            assert settings is not None
            if is_first:
                keep_freed_memory(message.granted)
                is_first = False
            begun = time.perf_counter()
            reply = _reply(message, settings)
            _send(answers, reply, time.perf_counter() - begun)


def _prepare() -> BinaryIO:
    """Prepare this process, and return the file for its replies."""
    with contextlib.suppress(OSError):  # if memory runs out, the kernel kills this process before others
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # so that output of a library does not reach the parent
    warnings.simplefilter("ignore")  # Pillow's warnings about an image do not belong in the terminal
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    return answers


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


def _receive() -> WorkerSettings | Task:
    """Return the next message of the parent. End the process if there is none."""
    pickled, file = _TASK_HEAD.unpack(_read_exactly(_TASK_HEAD.size))
    message: WorkerSettings | Task = pickle.loads(_read_exactly(pickled))
    return message._replace(data=_read_exactly(file)) if file and isinstance(message, Task) else message


def _read_exactly(length: int) -> bytes:
    data = sys.stdin.buffer.read(length)
    if len(data) < length:
        os._exit(0)
    return data


def _send(answers: BinaryIO, reply: SourceResult | NeedsMemory | Failed | str, seconds: float = 0.0) -> None:
    pickled = pickle.dumps(reply, pickle.HIGHEST_PROTOCOL)
    kind = _OTHER
    if isinstance(reply, SourceResult):
        kind = _FAILED_RESULT if reply.failed else _RESULT
    try:
        answers.write(_REPLY_HEAD.pack(len(pickled), kind, seconds) + pickled)
    except OSError:  # the parent is dead
        os._exit(0)


def _reply(task: Task, settings: WorkerSettings) -> SourceResult | NeedsMemory | Failed:
    _limit_address_space(task.granted + _HEADROOM)
    try:
        return result_of(task, settings, _time_limit)
    except _NeedsMemoryError as error:
        return NeedsMemory(error.needed)
    # Catch every Exception: the parent raises it.
    except Exception as error:
        error.add_note(f"in a worker process:\n{''.join(traceback.format_exception(error))}")
        return Failed(error)


def result_of(task: Task, settings: WorkerSettings, time_limit: TimeLimit = contextlib.nullcontext) -> SourceResult:
    """Read the source of a task if it has no data, and create its outputs inside `time_limit`.

    Raises:
        RunError: see `process_source`.
    """
    watch = Stopwatch()
    try:
        if task.data is None:
            check_memory(memory_to_unpack(task.source), task.granted, settings.memory, Stage.READ)
        data = read(task.source, settings.web) if task.data is None else task.data
    except ImageError as error:
        return without_output(task.source, settings.spec, error)
    watch.lap(Stage.READ)
    with time_limit(settings.seconds):
        return process_source(
            task.source, data, settings.spec, admission(task.granted, settings.memory), settings.staging, watch
        )


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Kill the process with SIGALRM if the context takes longer."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@functools.lru_cache(1)  # the limit is the same for most images
def _limit_address_space(limit: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS does not support this limit
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def admission(granted: int, memory: int) -> Admit:
    """Return the `admit` argument of `process_image` for an image that may use `granted` of `memory` bytes.

    The function raises an ImageError for an image that needs more than `memory`, and _NeedsMemoryError for one that
    needs more than `granted`.
    """

    def admit(needed: int) -> contextlib.AbstractContextManager[None]:
        check_memory(needed, granted, memory, Stage.DECODE)
        return contextlib.nullcontext()

    return admit


def check_memory(needed: int, granted: int, memory: int, stage: Stage) -> None:
    """Check that a stage of the work on an image may take `needed` bytes of memory; otherwise as `admission`."""
    if needed > memory:
        what = "unpacking" if stage is Stage.READ else "decoding"
        message = f"{what} needs {needed / 1e6:.0f} MB, more than the whole memory budget: raise --memory"
        raise ImageError(Kind.TOO_LARGE, stage, message)
    if needed > granted:
        raise _NeedsMemoryError(needed)
