"""What a server says in X-Robots-Tag about the use of an image, as img2dataset reads it."""

from __future__ import annotations

from collections.abc import Iterable

# The name by which a server may mean this program.
AGENT = "downsampled-open-images"

# The directives that forbid the use of an image in a dataset.
FORBIDDING = ("noai", "noimageai", "noindex", "noimageindex")


def forbidding(headers: Iterable[str]) -> str | None:
    """Return the directive that forbids the use of an image, or None if there is none.

    Args:
        headers: the values of all X-Robots-Tag headers, such as "noai, noindex" or "otherbot: noindex". A value that
            begins with the name of an agent is meant for that agent alone.
    """
    for header in headers:
        agent, colon, rules = header.partition(":")
        if colon and agent.strip().lower() != AGENT:
            continue
        given = {rule.strip().lower() for rule in (rules if colon else header).split(",")}
        if found := next((directive for directive in FORBIDDING if directive in given), None):
            return found
    return None
