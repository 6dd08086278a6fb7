"""SHA256SUMS in the form that `sha256sum -c` of GNU coreutils reads."""

from __future__ import annotations

import os

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def sum_line(path: str, sha256: str) -> bytes:
    r"""Return the line of one file.

    A name with a backslash, a newline or a carriage return is escaped, and its line begins with a backslash:
    https://www.gnu.org/software/coreutils/manual/html_node/md5sum-invocation.html

    Args:
        path: below the folder that SHA256SUMS is in.
        sha256: in hexadecimal.
    """
    escaped = "".join(_ESCAPES.get(character, character) for character in path)
    return f"{'' if escaped == path else chr(92)}{sha256}  ".encode() + os.fsencode(escaped) + b"\n"
