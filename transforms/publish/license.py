"""LICENSE: the licenses of the images, and how many images have each."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.publish.facts import DatasetFacts


def license_text(facts: DatasetFacts) -> str:
    """Return the whole file, for a dataset with an attribution."""
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: DatasetFacts) -> Iterator[str]:
    yield f"The images of this dataset ({' '.join(facts.name.split())}) belong to their creators."
    yield "They are smaller versions: resized and re-encoded, but not changed in any other way."
    yield "attribution-*.jsonl has the author, origin and license of each image."
    yield ""
    yield "Licenses according to the attribution, with the number of images under each:"
    yield ""
    for license_, images in sorted((facts.licenses or {}).items(), key=lambda item: (-item[1], item[0])):
        yield f"  {' '.join(license_.split()) or '(no license named)'}: {images:,}"
    if facts.unattributed:
        yield f"  (no attribution, see unmatched-*.jsonl): {facts.unattributed:,}"
    if facts.license:
        yield ""
        yield f"License of the collection as a whole: {facts.license}"
