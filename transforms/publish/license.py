"""LICENSE: the licenses of the images, and how many images have each."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.publish.facts import DatasetFacts


def license_text(facts: DatasetFacts) -> str:
    """Return the whole file, for a dataset with an attribution."""
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: DatasetFacts) -> Iterator[str]:
    yield f"The images of this dataset ({' '.join(facts.name.split())}) belong to those who made them."
    yield "They are smaller versions: resized and encoded again, and changed in nothing else."
    yield "Who made each of them, where it is from and its license is in attribution-*.jsonl."
    yield ""
    yield "Licenses as the attribution has them, and how many images are under each:"
    yield ""
    for license_, images in sorted((facts.licenses or {}).items(), key=lambda item: (-item[1], item[0])):
        yield f"  {' '.join(license_.split()) or '(none is named)'}: {images:,}"
    if facts.unattributed:
        yield f"  (no attribution, see unmatched-*.jsonl): {facts.unattributed:,}"
    if facts.license:
        yield ""
        yield f"The collection as such is under: {facts.license}"
