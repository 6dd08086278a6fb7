"""The places of a source's bytes if the source is not just a file below an input."""

from __future__ import annotations

import json
from typing import NamedTuple


class TarMember(NamedTuple):
    """A member of a tar: its bytes are stored in the archive unchanged, from `offset` on."""

    offset: int


class ListRow(NamedTuple):
    """A whole file that a list names: on the web, in a store or local.

    Args:
        row: its row number in the list, from 1.
        hash: the expected hash of its bytes, in hexadecimal; "" for any.
        cells: the additional columns of its row, as JSON; "" for none.
        list: the path of the list below the input; "" for an input that is a web address itself.
        line: its line number in a text file, from 1; 0 in a table.
    """

    row: int
    hash: str = ""
    cells: str = ""
    list: str = ""
    line: int = 0


class ZipMember(NamedTuple):
    """A member of a zip.

    Args:
        offset: the offset of its header. The compressed bytes follow the header.
        packed_bytes: the number of compressed bytes.
        method: the number of the compression method.
        crc: the CRC-32 of the decompressed bytes.
    """

    offset: int
    packed_bytes: int
    method: int
    crc: int


class GzipMember(NamedTuple):
    """A member of a tar that is compressed with gzip.

    Args:
        offset: the offset of its bytes in the decompressed tar.
        number: the number of images that precede it in the archive.
        index_dir: the folder that contains the index of the archive, see `sources.gzip_index`.
    """

    offset: int
    number: int
    index_dir: str


class Unreadable(NamedTuple):
    """A source that cannot be read: it becomes a failure of this kind, with this message."""

    kind: str
    message: str


class UnreadableRow(NamedTuple):
    """A row of a list that names nothing to read: a failure as with `Unreadable`; `row` and `list` as in `ListRow`."""

    kind: str
    message: str
    row: int
    list: str


# None: a whole file.
Place = TarMember | ZipMember | GzipMember | ListRow | Unreadable | UnreadableRow | None

_NAMES = {
    TarMember: "tar",
    ZipMember: "zip",
    GzipMember: "gzip",
    ListRow: "listed",
    Unreadable: "unreadable",
    UnreadableRow: "unreadable-row",
}
_KINDS = {name: kind for kind, name in _NAMES.items()}


def pack(place: Place, file: str) -> bytes:
    """Serialize a place for the shuffle: b"" for a whole file, else compact JSON.

    Args:
        place: the place.
        file: the path below the input of the file that contains the bytes; its whole location if a list names it.
    """
    return b"" if place is None else json.dumps([_NAMES[type(place)], file, *place], separators=(",", ":")).encode()


def unpack(packed: bytes, path: str) -> tuple[Place, str]:
    """Return the place and the file that were passed to `pack`.

    Args:
        packed: the result of `pack`.
        path: the path of the source below the input. It is returned as the file if the source is a whole file.
    """
    if not packed:
        return None, path
    name, file, *values = json.loads(packed)
    return _KINDS[name](*values), file
