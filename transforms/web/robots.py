"""Read the X-Robots-Tag headers of an image, as img2dataset does: they may forbid its use in a dataset."""

from __future__ import annotations

from collections.abc import Iterable

# The name under which headers may address this program.
AGENT = "downsampled-open-images"

# The directives that forbid the use of an image in a dataset.
FORBIDDING = ("noai", "noimageai", "noindex", "noimageindex")
# The directives with a value after a colon. An agent name has a colon too, before its directives.
_WITH_VALUE = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})


def forbidding(headers: Iterable[str]) -> str | None:
    """Return the first directive that forbids the use of an image, or None.

    Args:
        headers: the values of all X-Robots-Tag headers, such as "noai, max-snippet:-1" or "otherbot: noindex". A value
            that begins with the name of an agent applies only to that agent.
    """
    for header in headers:
        agent, rules = _parted(header.lower())
        if agent not in ("", AGENT):
            continue
        given = {rule.strip() for rule in rules.split(",")}
        if found := next((directive for directive in FORBIDDING if directive in given), None):
            return found
    return None


def _parted(header: str) -> tuple[str, str]:
    """Return the agent to which a header applies, or "" for all, and the directives."""
    first, colon, rest = header.partition(":")
    first = first.strip()
    return (first, rest) if colon and "," not in first and first not in _WITH_VALUE else ("", header)
