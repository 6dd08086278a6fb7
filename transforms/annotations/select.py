"""Which images are selected, and limits on their number.

Images are ranked by a hash of their keys. A limit of N selects the N images with the lowest ranks, of each class or of
all. It therefore selects the same images in every run, and a larger limit adds images to these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from transforms.imaging.errors import Skip
from transforms.model.annotations import IMAGE_LIST, Annotations
from transforms.model.keys import in_sample, sample_rank
from transforms.model.records import Source


class Limits(NamedTuple):
    """The highest ranks of the images that are selected.

    Args:
        classes: class -> the highest rank of its images. A class that is missing has no limit.
        images: the highest rank of all images; None for no limit.
    """

    classes: Mapping[str, int] = {}  # this default is never changed
    images: int | None = None


NO_LIMITS = Limits()


class Known(NamedTuple):
    """What decides whether an image is selected: the classes that it contains, and whether the image list has it."""

    classes: frozenset[str] = frozenset()
    is_listed: bool = False


def skip_reason(
    source: Source, known: Known, annotations: Annotations, sample: Fraction, limits: Limits = NO_LIMITS
) -> Skip | None:
    """Return the reason why an image is skipped, or None if it is selected.

    Args:
        source: the image.
        known: its classes, and whether it is in the image list.
        annotations: the annotations of the dataset.
        sample: the share of the images that is selected.
        limits: the limits of the dataset.
    """
    if not in_sample(source.key, sample):
        return Skip.SAMPLE
    if not known.is_listed and IMAGE_LIST in annotations.tables:
        return Skip.NOT_LISTED
    if annotations.classes and known.classes.isdisjoint(annotations.classes):
        return Skip.NOT_SELECTED
    if not known.classes.isdisjoint(annotations.excluded):
        return Skip.NOT_SELECTED
    rank = rank_of(source)
    if annotations.max_per_class is not None:
        limited = limited_classes(known, annotations)
        if not limited:
            return Skip.NOT_SELECTED
        if not any(rank <= limits.classes.get(name, rank) for name in limited):
            return Skip.LIMIT
    return Skip.LIMIT if limits.images is not None and rank > limits.images else None


def rank_of(source: Source) -> int:
    """Return the rank of an image, a signed 64-bit integer."""
    return sample_rank(source.key) - (1 << 63)


def limited_classes(known: Known, annotations: Annotations) -> frozenset[str]:
    """Return the classes of an image to which the limit per class applies."""
    return known.classes & {*annotations.classes} if annotations.classes else known.classes


def ranks(
    sources: Iterable[Source],
    known: Mapping[str, Known],
    annotations: Annotations,
    sample: Fraction,
    limits: Limits = NO_LIMITS,
) -> Iterator[tuple[str, int]]:
    """Yield (class, rank) for each class of each image that is selected without further limits, and ("", rank).

    Args:
        sources: the images.
        known: path of a source -> its classes, and whether it is in the image list.
        annotations: the annotations of the dataset.
        sample: the share of the images that is selected.
        limits: limits that apply already.
    """
    for source in sources:
        if skip_reason(source, known[source.path], annotations, sample, limits) is None:
            rank = rank_of(source)
            yield "", rank
            yield from ((name, rank) for name in sorted(limited_classes(known[source.path], annotations)))
