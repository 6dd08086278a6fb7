"""Members of archives: their names and their limits, and the error of an archive that cannot be read."""

from __future__ import annotations

from typing import NamedTuple

from transforms.imaging.errors import Kind
from transforms.model.places import Place, Unreadable

# The maximum unpacked size of a compressed member in bytes: all of it is held in memory.
LARGEST = 1 << 30

# The maximum unpacked size of an archive: a multiple of its own size, plus a number of bytes.
_TIMES, _ANY = 100, 1_000_000_000


class Member(NamedTuple):
    """A file in an archive.

    Args:
        path: its path in the archive, see `safe_path`; if its name cannot be used, the name itself.
        bytes: its unpacked size.
        place: where its bytes are stored.
    """

    path: str
    bytes: int
    place: Place


# The consequence of a break, for messages.
LOST = "everything after it is lost"


class ArchiveError(Exception):
    """An archive cannot be listed, or only up to some byte.

    Args:
        kind: the kind of failure.
        message: the fault and its consequence, without the subject, such as "is truncated at byte 7:
            everything after it is lost".
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message


def unpacked_limit(size: int) -> int:
    """Return the number of bytes to which an archive of `size` bytes may unpack."""
    return _TIMES * size + _ANY


def cut_off(held: int, size: int) -> str:
    """Return the message about a member of `size` bytes if the archive contains only `held` of them."""
    return f"its archive ends inside it: only {held:,} of its {size:,} bytes are present"


def safe_path(name: str) -> str | None:
    """Return the path, relative to the target folder, to which a member unpacks; None if it is outside that folder.

    Treat an absolute name as relative to the folder, as tar and unzip do.
    """
    parts = [part for part in name.split("\0")[0].split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


def member(name: str, size: int, place: Place) -> Member | None:
    """Return a member, as a failure if its name leads out of the folder, or None if it has no name."""
    path = safe_path(name)
    if path is None:
        reason = "its name in the archive points outside the folder that the archive is unpacked to"
        return Member(name, 0, Unreadable(Kind.NAME_UNUSABLE, reason))
    return Member(path, 0 if isinstance(place, Unreadable) else size, place) if path else None


def refused(why: str) -> Unreadable:
    """Return the place of a member that is not supported.

    Args:
        why: what the member is, such as "a link".
    """
    return Unreadable(
        Kind.UNSUPPORTED_CODING, f"it is {why} in its archive, which is not supported: unpack the archive"
    )
