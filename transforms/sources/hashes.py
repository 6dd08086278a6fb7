"""The hashes of files in lists: MD5, SHA-1, SHA-256 or SHA-512, in hexadecimal or Base64."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

# The number of bytes of a hash -> its algorithm.
_ALGORITHMS = {16: "md5", 20: "sha1", 32: "sha256", 64: "sha512"}


def hexadecimal(text: str) -> str | None:
    """Return a hash in lowercase hexadecimal, or None if the text is not a hash."""
    text = text.strip()
    if re.fullmatch(r"[0-9A-Fa-f]+", text) and len(text) % 2 == 0 and len(text) // 2 in _ALGORITHMS:
        return text.lower()
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data.hex() if len(data) in _ALGORITHMS else None


def difference(data: bytes, expected: str) -> str | None:
    """Return a message if the hash of `data` is not `expected`, which `hexadecimal` returned; else None."""
    algorithm = _ALGORITHMS[len(expected) // 2]
    found = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    if found == expected:
        return None
    return f"its {algorithm.upper()} is {found}, but the list says {expected}"
