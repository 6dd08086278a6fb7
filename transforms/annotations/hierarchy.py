"""The hierarchy of Open Images' classes, in which a class may have several parents."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from transforms.model.errors import RunError

_FORM = "a file such as bbox_labels_600_hierarchy.json, with LabelName and Subcategory"
# The key of a class's subclasses. Its parts are under another key.
_KINDS = "Subcategory"


def read_hierarchy(data: bytes, where: str) -> dict[str, tuple[str, ...]]:
    """Return class -> its ancestors, sorted, for each class that has any.

    The root is omitted: Open Images calls it Entity, and it is not a class. A part of a class, such as an arm of a
    person, is not a descendant of it.

    Args:
        data: JSON, nested as Open Images publishes it.
        where: the flag and the file, for messages.

    Raises:
        RunError: the content is not such a file, or a class is its own ancestor.
    """
    try:
        root = json.loads(data)
        parents: dict[str, set[str]] = defaultdict(set)
        for parent, child in _relations(root):
            parents[child].add(parent)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunError(f"{where} is not a class hierarchy: use {_FORM}") from error
    parents = {child: above - {root["LabelName"]} for child, above in parents.items()}
    if not parents:
        raise RunError(f"{where} has no class below {root.get('LabelName')!r}: use {_FORM}")
    return {child: ancestors for child in sorted(parents) if (ancestors := _ancestors(child, parents, where))}


def _relations(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each (parent, child) below a node."""
    for child in node.get(_KINDS, ()):
        for class_ in (node["LabelName"], child["LabelName"]):
            if not (isinstance(class_, str) and class_):
                raise TypeError(f"{class_!r} is not a class")
        yield node["LabelName"], child["LabelName"]
        yield from _relations(child)
    for part in node.get("Part", ()):  # the subclasses of a part are classes too
        yield from _relations(part)


def _ancestors(class_: str, parents: Mapping[str, set[str]], where: str) -> tuple[str, ...]:
    found: set[str] = set()
    new = set(parents.get(class_, ()))
    while new:
        found |= new
        new = {above for parent in new for above in parents.get(parent, ())} - found
    if class_ in found:
        raise RunError(f"{where} makes {class_} its own ancestor: use a hierarchy without cycles")
    return tuple(sorted(found))
