"""The kinds of storage, and which of them holds a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol, TypeVar

from transforms.storage import beam, gcs, local
from transforms.storage.paths import is_local

T = TypeVar("T")


class Kind(Protocol):
    """What each kind of storage does; `retries.attempt` retries it and describes its errors.

    Attributes:
        BACK_OFF: seconds to wait before each further try; empty where the client of a store retries by itself.
        is_failure: whether the storage raised an error. Any other error is a fault of the program.
    """

    BACK_OFF: Sequence[float]

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


def kind_of(path: str) -> Kind:
    """Return the kind of storage that holds `path`."""
    return local if is_local(path) else gcs if gcs.is_object(path) else beam
