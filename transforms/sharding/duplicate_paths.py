"""Sources with one path: a file and members of archives, or members of one archive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from transforms.imaging.errors import Kind
from transforms.model.places import ListRow, Unreadable
from transforms.model.records import Source


def settled(sources: list[Source]) -> list[Source]:
    """Return the sources of a shard, in which only one of those with the same path is read.

    That is a file that lies there, else the last in the archive that is first by its name, as if that had been
    unpacked, and of the rows of a list the first. The others fail, each under a path of its own.
    """
    if len({source.path for source in sources}) == len(sources):
        return sources
    by_path: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        by_path[source.path].append(source)
    return [source for namesakes in by_path.values() for source in _settled(namesakes)]


def _settled(namesakes: list[Source]) -> Iterable[Source]:
    first, *others = sorted(namesakes, key=_rank)
    yield first
    for number, source in enumerate(others, 2):
        message = f"its path is the same as that of {_described(first)}, which is used instead"
        where = _row(source.place) if isinstance(source.place, ListRow) else f"{number} in {_name(source)}"
        path = f"{source.path} ({where})"
        yield source._replace(path=path, bytes=0, place=Unreadable(Kind.NAME_TAKEN, message))


def _rank(source: Source) -> tuple[bool, bool, int, str, int, str]:
    place = source.place
    row = place.row if isinstance(place, ListRow) else 0
    return place is not None, isinstance(place, Unreadable), row, source.location, -_offset(source), str(place)


def _row(place: ListRow) -> str:
    return f"row {place.row:,}"


def _name(source: Source) -> str:
    return source.location.rpartition("/")[2]


def _offset(source: Source) -> int:
    return getattr(source.place, "offset", 0)


def _described(source: Source) -> str:
    if isinstance(source.place, ListRow):
        return f"{_row(source.place)} of the list"
    return "a file" if source.place is None else f"one in {_name(source)!r} at byte {_offset(source):,}"
