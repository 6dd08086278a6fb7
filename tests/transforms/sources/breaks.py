"""Read archives that end with an error."""

from collections.abc import Iterator

from transforms.imaging.errors import Kind
from transforms.sources.members import ArchiveError, Member

LOST = "everything after it is lost"


def until_break(members: Iterator[Member]) -> tuple[list[Member], Kind, str]:
    """Return the members of an archive before the error at its end, and the kind and message of the error."""
    found: list[Member] = []
    try:
        for member in members:
            found.append(member)  # noqa: PERF402  # `list` would lose them
    except ArchiveError as error:
        return found, error.kind, error.message
    raise AssertionError("the archive ends properly")
