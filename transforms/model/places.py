"""Where the bytes of a source lie if it is not a file of its own."""

from __future__ import annotations

import json
from typing import NamedTuple


class TarMember(NamedTuple):
    """A member of a tar: its bytes lie in the archive as they are, from `offset` on."""

    offset: int


class ListRow(NamedTuple):
    """A whole file that a list names: on the web, in a store or local.

    Args:
        row: its number in the list, from 1.
        hash: the hash that its bytes must have, in hexadecimal; "" for any.
        cells: the further columns of its row, as JSON; "" for none.
        list: the path of the list below the input; "" for an input that is a web address itself.
        line: its line in a text, from 1; 0 in a table.
    """

    row: int
    hash: str = ""
    cells: str = ""
    list: str = ""
    line: int = 0


class ZipMember(NamedTuple):
    """A member of a zip: its header is at `offset`, and `packed_bytes` are behind it, packed by `method`.

    `crc` is the CRC-32 of what they unpack to.
    """

    offset: int
    packed_bytes: int
    method: int
    crc: int


class GzipMember(NamedTuple):
    """A member of a tar that is packed with gzip as a whole.

    Args:
        offset: where its bytes begin in the unpacked tar.
        number: the number of images that come before it in the archive.
        index_dir: the folder with the index of the archive, see `sources.gzip_index`.
    """

    offset: int
    number: int
    index_dir: str


class Unreadable(NamedTuple):
    """Nothing to read: the source is listed as the failure of this kind, with this message."""

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
    """Return a place as it is shuffled: b"" for a whole file, else compact JSON.

    Args:
        place: the place.
        file: the file that holds the bytes, by its path below the input; the whole location if a list names it.
    """
    return b"" if place is None else json.dumps([_NAMES[type(place)], file, *place], separators=(",", ":")).encode()


def unpack(packed: bytes, path: str) -> tuple[Place, str]:
    """Return the place and the file that `pack` was given.

    Args:
        packed: the result of `pack`.
        path: of the source below the input, which is the file if the source is a whole one.
    """
    if not packed:
        return None, path
    name, file, *values = json.loads(packed)
    return _KINDS[name](*values), file
