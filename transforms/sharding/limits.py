"""Find the highest ranks of selected images from the sources and annotations of all shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import apache_beam as beam

from transforms.annotations.join import join_annotations
from transforms.annotations.select import NO_LIMITS, Limits, ranks
from transforms.model.annotations import Annotations
from transforms.model.config import ResizeConfig
from transforms.model.records import Shard
from transforms.sharding.items import ItemTuple, ShardTuple, unpack_items


class FindLimits(beam.PTransform):
    """(shard, its sources and rows) -> the `Limits` of the dataset."""

    def __init__(self, config: ResizeConfig, annotations: Annotations) -> None:
        super().__init__()
        self._config = config
        self._annotations = annotations

    def expand(self, grouped: beam.PCollection[tuple[ShardTuple, list[ItemTuple]]]) -> beam.PCollection[Limits]:
        limits = grouped.pipeline | "NoLimits" >> beam.Create([NO_LIMITS])
        if (count := self._annotations.max_per_class) is not None:
            limits = self._lowest(grouped, limits, count, "Class", of_classes=True)
        if (count := self._annotations.max_images) is not None:
            limits = self._lowest(grouped, limits, count, "All", of_classes=False)
        return limits

    def _lowest(
        self, grouped: beam.PCollection, limits: beam.PCollection[Limits], count: int, name: str, of_classes: bool
    ) -> beam.PCollection[Limits]:
        """Return the limits with the rank of image number `count` in each class, or among all images."""
        ranking = beam.ParDo(_RankFn(self._config, self._annotations, of_classes), beam.pvalue.AsSingleton(limits))
        lowest = grouped | f"Rank{name}" >> ranking | f"Lowest{name}" >> beam.combiners.Top.SmallestPerKey(count)
        return limits | f"Limit{name}" >> beam.Map(_with_ranks, beam.pvalue.AsDict(lowest), count)


@beam.typehints.with_output_types(beam.typehints.Tuple[str, int])
class _RankFn(beam.DoFn):
    def __init__(self, config: ResizeConfig, annotations: Annotations, of_classes: bool) -> None:
        self._config = config
        self._annotations = annotations
        self._of_classes = of_classes
        self._sample = Fraction(config.sample)

    def process(self, grouped: tuple[ShardTuple, Iterable[ItemTuple]], limits: Limits) -> Iterator[tuple[str, int]]:
        sources, rows, _ = unpack_items(Shard(*grouped[0]), grouped[1], self._config)
        images = join_annotations(sources, rows, self._annotations).images
        known = {path: annotated.known for path, annotated in images.items()}
        for class_, rank in ranks(sources, known, self._annotations, self._sample, limits):
            if bool(class_) == self._of_classes:
                yield class_, rank


def _with_ranks(limits: Limits, lowest: dict[str, Sequence[int]], count: int) -> Limits:
    """Return limits with the highest of the lowest ranks. A class with fewer than `count` images gets no limit."""
    highest = {class_: max(ranks_) for class_, ranks_ in lowest.items() if len(ranks_) == count}
    if "" in highest:
        return limits._replace(images=highest[""])
    return limits._replace(classes=highest) if highest else limits
