"""Members of archives: their names, what bounds them, and the error of an archive that ends early."""

from __future__ import annotations

from typing import NamedTuple

from transforms.imaging.errors import Kind
from transforms.model.places import Place, Unreadable

# A member that is packed may have so many bytes: what it unpacks to is held in memory.
LARGEST = 1 << 30

# How many times its size an archive may unpack to, and the bytes that it may unpack to in any case.
_TIMES, _ANY = 100, 1_000_000_000


class Member(NamedTuple):
    """A file in an archive.

    Args:
        path: its path in the archive, see `safe_path`; of a member whose name cannot be used, that name.
        bytes: its size.
        place: where its bytes lie.
    """

    path: str
    bytes: int
    place: Place


# What a break costs.
LOST = "everything after that is lost"


class ArchiveError(Exception):
    """An archive cannot be listed, or not from some byte on.

    Args:
        kind: what is wrong with it.
        message: what is wrong and what that costs, without the subject, such as "breaks off at byte 7: what comes
            after that is lost".
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message


def unpacked_limit(size: int) -> int:
    """Return the bytes that an archive of `size` bytes may unpack to."""
    return _TIMES * size + _ANY


def cut_off(held: int, size: int) -> str:
    """Return the sentence about a member of `size` bytes of which the archive has only `held`."""
    return f"its archive ends inside it: only {held:,} of its {size:,} bytes are there"


def safe_path(name: str) -> str | None:
    """Return the path below a folder at which a member would be unpacked, or None if it would leave that folder.

    Like tar and unzip, take an absolute name for one below the folder.
    """
    parts = [part for part in name.split("\0")[0].split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


def member(name: str, size: int, place: Place) -> Member | None:
    """Return a member; as a failure if its name leaves the folder. Return None if it has no name."""
    path = safe_path(name)
    if path is None:
        reason = "its name in the archive points outside the folder that the archive is unpacked to"
        return Member(name, 0, Unreadable(Kind.NAME_UNUSABLE, reason))
    return Member(path, 0 if isinstance(place, Unreadable) else size, place) if path else None


def refused(why: str) -> Unreadable:
    """Return the place of a member that is stored in a way that is not read.

    Args:
        why: what the way is, such as "a link".
    """
    return Unreadable(
        Kind.UNSUPPORTED_CODING, f"it is {why} in its archive, which is not supported: unpack the archive"
    )
