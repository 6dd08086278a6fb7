"""The verdict on a dataset: its sentence and its badge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.formatting import percent
from pipeline.report.page import Status
from transforms.model.counting import counted

# The largest share of failed images in a dataset that is called good.
_MOST_FAILED = 0.01


def sentence(summary: Mapping[str, Any]) -> str:
    """Return the outcome in a sentence, such as "480 images, 3 failed, 440 are duplicates of others"."""
    images, duplicates = summary["images"], summary.get("duplicates", 0)
    phrases = [counted(images["matched"], "image")]
    if images["matched"]:
        phrases.append(f"{images['failed']:,} failed" if images["failed"] else "none failed")
    if images["skipped"]:
        phrases.append(f"{images['skipped']:,} skipped")
    if duplicates:
        phrases.append("1 is a duplicate of another" if duplicates == 1 else f"{duplicates:,} are duplicates of others")
    return ", ".join(phrases)


def verdict(images: Mapping[str, int]) -> Status:
    """Return the status of a complete dataset.

    Args:
        images: outcome -> the number of images, from the summary.
    """
    matched, written, failed = images["matched"], images["written"], images["failed"]
    if not written:
        return Status("bad", "nothing written", "No image was written at every size.")
    if failed > _MOST_FAILED * matched:
        text = f"{percent(failed, matched)} failed"
        return Status("bad", text, "More than 1 % of the images failed: check the failures before you use the dataset.")
    return Status("good", "complete", "Every image is accounted for.")
