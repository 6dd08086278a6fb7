"""The backends of storage, and the choice of the backend for a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Protocol, TypeVar

from transforms.storage import beam, gcs, local, s3
from transforms.storage.paths import is_local

T = TypeVar("T")


class Backend(Protocol):
    """The interface of a backend. `retries.attempt` retries its operations and describes its errors.

    Attributes:
        BACK_OFF: the seconds to wait before each further try; empty if the client of a store retries by itself.
        is_failure: returns whether the storage raised an error. Any other error is a bug in the program.
    """

    @property
    def BACK_OFF(self) -> Sequence[float]: ...  # noqa: N802  # a constant of a module

    def is_failure(self, error: BaseException, /) -> bool: ...

    def read(self, path: str, /) -> bytes: ...

    def read_range(self, path: str, offset: int, length: int, /) -> bytes: ...

    def open_file(self, path: str, /) -> BinaryIO: ...

    def size(self, path: str, /) -> int | None: ...

    def exists(self, path: str, /) -> bool: ...

    def match(self, pattern: str, limit: int | None, /) -> list[tuple[str, int, float]]: ...

    def write(self, out_dir: str, target: str, data: bytes, /) -> None: ...

    def put(self, out_dir: str, target: str, fill: Callable[[BinaryIO], T], /) -> T: ...

    def move(self, out_dir: str, source: str, target: str, /) -> None: ...

    def delete(self, out_dir: str, target: str, /) -> None: ...


class RangedBackend(Backend, Protocol):
    """The backend of a store that can list any range of names, in order."""

    def list_range(self, prefix: str, start: str, end: str, /) -> Iterator[tuple[str, int, float]]: ...

    def match_range(self, pattern: str, start: str, end: str, /) -> Iterator[tuple[str, int, float]]: ...


def backend_of(path: str) -> Backend:
    """Return the backend for `path`."""
    if is_local(path):
        return local
    return ranged_backend_of(path) or beam


def ranged_backend_of(path: str) -> RangedBackend | None:
    """Return the backend for `path` if it can list ranges of names, else None."""
    if gcs.is_object(path):
        return gcs
    return s3 if s3.is_object(path) else None
