"""The paragraphs of the card about boxes and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from transforms.model.annotations import FLAGS, IMAGE_LABELS, OBJECTS
from transforms.model.counting import counted
from transforms.model.json_lines import utf8
from transforms.model.records import Columns

# The number of classes in the card's tables: those with the most boxes or labels.
_MOST = 20

_FLAGS = ", ".join(f"`{flag}`" for flag in FLAGS.values())
_WHAT = {
    OBJECTS: (
        "box",
        "`objects` has the boxes of an image: `bbox` is left, top, width and height in pixels of the image, `category` "
        f"the class, and {_FLAGS} are 1, 0, or -1 for unknown.",
    ),
    IMAGE_LABELS: (
        "label",
        "`image_labels` has the classes of an image: `category` the class, and `confidence` how certain it is; 0 means "
        "that the image does not contain the class.",
    ),
}


def annotation_paragraphs(
    annotated: Mapping[str, Mapping[str, Any]], columns: Columns, sizes: Sequence[int]
) -> Iterator[str]:
    """Yield paragraphs that explain the annotations, count them at the largest size, and list the largest classes.

    Args:
        annotated: annotation -> size -> counts, see `annotations.counts`.
        columns: the columns of the dataset.
        sizes: the sizes of the dataset.
    """
    for name in columns.annotations:
        noun, meaning = _WHAT[name]
        counts = annotated[name][str(max(sizes))]
        yield (
            f"{meaning} There are {counted(counts['count'], noun)} of {counted(len(counts['classes']), 'class')} on "
            f"{counted(counts['images_with'], 'image')}; {counted(counts['images_without'], 'image')} have none."
        )
        yield _table(noun, counts, columns)
    if columns.annotations:
        yield "`classes.json` has all classes, numbered in the order of their identifiers."


def _table(noun: str, counts: Mapping[str, Any], columns: Columns) -> str:
    largest = sorted(counts["classes"].items(), key=lambda item: (-item[1], item[0]))[:_MOST]
    plural = "boxes" if noun == "box" else f"{noun}s"
    rows = [["class", plural, "images"], ["---", "---:", "---:"]]
    for class_, number in largest:
        name = utf8(columns.categories[class_]).decode().replace("|", "\\|")
        rows.append([" ".join(name.split()), f"{number:,}", f"{counts['class_images'][class_]:,}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
