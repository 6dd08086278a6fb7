"""Check web addresses, and derive the paths of images from them."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from transforms.model.file_names import CANDIDATE_EXTENSIONS, UNREAD_EXTENSIONS

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# A byte that is not UTF-8, as Python decodes it.
_OTHER_BYTE = re.compile(r"[\udc80-\udcff]")
# Control characters, surrogates that do not represent a byte, and the path separator of Windows.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udc7f\udd00-\udfff]")
# The other characters that Windows forbids in paths. Servers use them in URLs.
_FORBIDDEN = re.compile(r'[:*?"<>|]')
_IMAGE_NAME = re.compile(rf"\.(?:{'|'.join(sorted(CANDIDATE_EXTENSIONS | UNREAD_EXTENSIONS))})", re.IGNORECASE)


def is_web(location: str) -> bool:
    """Return whether a location is a web address."""
    return _SCHEME.match(location) is not None


def problem_of(url: str) -> str | None:
    """Return what is wrong with a web address, or None if it can be requested."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is not a web address ({error})"
    if port == 0:
        return "is not a web address (Port 0)"
    if not parts.hostname or re.search(r"[\s\x00-\x20\x7f]", parts.netloc):
        return "does not name a host"
    if "@" in parts.netloc:
        return "contains a user name or password, which would not be sent"
    return None


def host_of(location: str) -> str:
    """Return the host of a web address in lowercase; "" for any other location."""
    return urlsplit(location).hostname or "" if is_web(location) else ""


def extension_path(location: str) -> str:
    """Return the part of a location that ends with its extension: a web address has a query after it."""
    return urlsplit(location).path if is_web(location) else location


def path_of(url: str) -> str:
    """Return the path of an image, derived from its URL: the host and the URL's path, without the query.

    Bytes that are not UTF-8 stay percent-encoded. URLs that differ elsewhere, as in their queries, have
    the same path.
    """
    parts = urlsplit(url)
    path = f"{parts.netloc.lower()}/{unquote(parts.path, errors='surrogateescape')}"
    return safe_path(_FORBIDDEN.sub("_", _OTHER_BYTE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", path)))


def safe_path(path: str) -> str:
    """Return a path that cannot leave the folder to which it is joined, and whose folders are not images.

    Remove empty parts, `.`, and each `..` with the part before it. Replace control characters and backslashes with `_`.
    Append `_` to each folder that ends like an image: the output of `a.jpg` cannot also be a folder for `a.jpg/b.jpg`.
    """
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(_UNSAFE.sub("_", part))
    *folders, name = parts or [""]
    return "/".join((*(f"{part}_" if _ends_like_an_image(part) else part for part in folders), name))


def _ends_like_an_image(part: str) -> bool:
    dot = part.rfind(".")
    return dot >= 0 and _IMAGE_NAME.fullmatch(part, dot) is not None
