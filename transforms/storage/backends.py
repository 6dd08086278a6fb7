"""The backends of storage, and which of them holds a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Protocol, TypeVar

from transforms.storage import beam, gcs, local, s3
from transforms.storage.paths import is_local

T = TypeVar("T")


class Backend(Protocol):
    """What each backend does; `retries.attempt` retries it and describes its errors.

    Attributes:
        BACK_OFF: seconds to wait before each further try; empty where the client of a store retries by itself.
        is_failure: whether the storage raised an error. Any other error is a fault of the program.
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
    """A store that lists its names in their order, from any name to any other."""

    def list_range(self, prefix: str, start: str, end: str, /) -> Iterator[tuple[str, int, float]]: ...

    def match_range(self, pattern: str, start: str, end: str, /) -> Iterator[tuple[str, int, float]]: ...


def backend_of(path: str) -> Backend:
    """Return the backend that holds `path`."""
    if is_local(path):
        return local
    return ranged_backend_of(path) or beam


def ranged_backend_of(path: str) -> RangedBackend | None:
    """Return the backend that holds `path` if it lists ranges of names, else None."""
    if gcs.is_object(path):
        return gcs
    return s3 if s3.is_object(path) else None
