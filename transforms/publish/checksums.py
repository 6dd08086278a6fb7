"""SHA256SUMS in the format that `sha256sum -c` of GNU coreutils reads."""

from __future__ import annotations

import os

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def sum_line(path: str, sha256: str) -> bytes:
    r"""Return the line of one file.

    A name with a backslash, a newline or a carriage return is escaped, and its line begins with a backslash:
    https://www.gnu.org/software/coreutils/manual/html_node/md5sum-invocation.html

    Args:
        path: the path below the folder that contains SHA256SUMS.
        sha256: the SHA-256 of the file in hexadecimal.
    """
    escaped = "".join(_ESCAPES.get(character, character) for character in path)
    return f"{'' if escaped == path else chr(92)}{sha256}  ".encode() + os.fsencode(escaped) + b"\n"
