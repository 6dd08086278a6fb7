"""LICENSE: the licenses of the images, and the number of images under each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from transforms.publish.facts import DatasetFacts


def license_text(facts: DatasetFacts) -> str:
    """Return the content of LICENSE, for a dataset with an attribution."""
    return "\n".join(_lines(facts)) + "\n"


def _changes(settings: Mapping[str, Any]) -> str:
    """Describe the changes to the images, such as "resized, cropped and re-encoded"."""
    of_fit = {"cover": ["cropped"], "crop": ["cropped"], "pad": ["padded"], "stretch": ["stretched"]}
    changes = ["resized", *of_fit.get(settings.get("fit", ""), [])]
    changes += ["rotated as the image list says"] * (settings.get("rotation") == "apply")
    changes += ["turned upright"] * (settings.get("orientation") == "exif")
    changes += ["converted to sRGB"] * (settings.get("color") == "srgb")
    return f"{', '.join(changes)} and re-encoded"


def _lines(facts: DatasetFacts) -> Iterator[str]:
    yield f"The images of this dataset ({' '.join(facts.name.split())}) belong to their creators."
    yield f"They are smaller versions: {_changes(facts.settings)}. Nothing else was changed."
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
