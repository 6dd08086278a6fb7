"""The images of the inputs -> those that a run would select.

Memory contains the classes of each image in the annotation tables and, if there are limits, the selected images.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from transforms.annotations.readers import READERS
from transforms.annotations.select import Known, limited_classes, rank_of, skip_reason
from transforms.annotations.values import ImageListRow
from transforms.model.annotations import IMAGE_LIST, Annotations
from transforms.model.config import ResizeConfig
from transforms.model.keys import image_id, in_sample
from transforms.model.records import Source


def select(sources: Iterable[Source], config: ResizeConfig) -> Iterator[Source]:
    """Yield the images that a run would select.

    Args:
        sources: all images of the inputs.
        config: the dataset.

    Raises:
        StorageError: an annotation table cannot be read.
        RunError: a file is not an annotation table.
    """
    sample, annotations = Fraction(config.sample), config.annotations
    if annotations is None:
        yield from (source for source in sources if in_sample(source.key, sample))
        return
    known = read_known(annotations)

    def known_of(source: Source) -> Known:
        return known.get(image_id(source.key), Known())

    taken: Iterable[Source] = (
        source for source in sources if skip_reason(source, known_of(source), annotations, sample) is None
    )
    if annotations.max_per_class is not None:
        by_class: dict[str, _Lowest] = defaultdict(lambda: _Lowest(annotations.max_per_class or 0))
        for source in taken:
            for class_ in limited_classes(known_of(source), annotations):
                by_class[class_].add(source)
        taken = {source.path: source for lowest in by_class.values() for source in lowest.sources()}.values()
    if annotations.max_images is not None:
        taken = heapq.nsmallest(annotations.max_images, taken, key=rank_of)
    yield from taken


class _Lowest:
    """Keeps the images with the lowest ranks."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._heap: list[tuple[int, str, Source]] = []

    def add(self, source: Source) -> None:
        heapq.heappush(self._heap, (-rank_of(source), source.path, source))
        if len(self._heap) > self._count:
            heapq.heappop(self._heap)

    def sources(self) -> Iterator[Source]:
        return (source for _, _, source in self._heap)


def read_known(annotations: Annotations) -> dict[str, Known]:
    """Return image ID -> its classes, as far as they affect the selection, and whether it is in the image list."""
    relevant = (
        None
        if annotations.max_per_class and not annotations.classes
        else {
            *annotations.classes,
            *annotations.excluded,
        }
    )
    known: dict[str, Known] = {}
    same: dict[Known, Known] = {}  # many images share the same few sets of classes
    for file in annotations.files:
        for rows in READERS[file.table](annotations).read(file):
            before = known.get(rows.image, Known())
            found = {value.class_ for value in rows.values if not isinstance(value, ImageListRow) and value.is_present}
            classes = before.classes | (found if relevant is None else found & relevant)
            now = Known(frozenset(classes), before.is_listed or file.table == IMAGE_LIST)
            known[rows.image] = same.setdefault(now, now)
    return known
