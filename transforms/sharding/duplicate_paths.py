"""Sources with the same path: a file and members of archives, members of one archive, or rows of lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable

from transforms.imaging.errors import Kind
from transforms.model.places import ListRow, Unreadable, UnreadableRow
from transforms.model.records import Source


def settled(sources: list[Source]) -> list[Source]:
    """Return the sources of a shard, with only one source to read for each path.

    A file outside archives has priority. Otherwise, the last member in the first archive by name is selected, as if the
    archive had been unpacked. Among rows, the first row in the first list by name is selected. The other sources become
    failures, each with a unique path.
    """
    if len({source.path for source in sources}) == len(sources):
        return sources
    by_path: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        by_path[source.path].append(source)
    return [source for path in sorted(by_path) for source in _settled(by_path[path], by_path.keys())]


def _settled(namesakes: list[Source], paths: Container[str]) -> Iterable[Source]:
    first, *others = sorted(namesakes, key=_rank)
    yield first
    for number, source in enumerate(others, 2):
        place, where = source.place, f"{number} in {_name(source)}"
        if isinstance(place, (ListRow, UnreadableRow)):
            where = f"row {place.row:,}{_of_list(place, first)}"
        if not isinstance(place, UnreadableRow):
            message = f"it has the same path as {_described(first, source)}, which is used instead"
            place = Unreadable(Kind.NAME_TAKEN, message)
        path = f"{source.path} ({where})"
        while path in paths:  # another source may have this path
            path += "+"
        yield source._replace(path=path, bytes=0, place=place)


def _rank(source: Source) -> tuple[bool, bool, str, int, str, int, str]:
    place = source.place
    is_failure = isinstance(place, (Unreadable, UnreadableRow))
    in_list = (place.list, place.row) if isinstance(place, (ListRow, UnreadableRow)) else ("", 0)
    return place is not None, is_failure, *in_list, source.location, -_offset(source), str(place)


def _of_list(place: ListRow | UnreadableRow, other: Source) -> str:
    """Return " of LIST" for a row, or "" if the other source is a row of the same list."""
    return "" if getattr(other.place, "list", None) == place.list else f" of {place.list}"


def _name(source: Source) -> str:
    return source.location.rpartition("/")[2]


def _offset(source: Source) -> int:
    return getattr(source.place, "offset", 0)


def _described(source: Source, other: Source) -> str:
    place = source.place
    if isinstance(place, ListRow):
        number = f"line {place.line:,}" if place.line else f"row {place.row:,}"
        return f"{number} of {'the list' if not _of_list(place, other) else repr(place.list)}"
    return "a file" if source.place is None else f"the member of {_name(source)!r} at byte {_offset(source):,}"
