"""The shards of each .tar.gz: sequences of its images in their order in the archive, so that each archive is read once.

Images and rows of tables with the same key are first grouped by the hash of the key, as in other splits. Then all of
them are moved to the shard of the image.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import apache_beam as beam

from transforms.dataset.plan import Plan, StreamShards
from transforms.model.config import ResizeConfig
from transforms.model.json_lines import utf8_text
from transforms.model.keys import image_id, key_of, shard_index
from transforms.model.places import GzipMember
from transforms.model.records import Shard, Source, Tally
from transforms.sharding.items import ASSIGNED_TYPE, ItemTuple, ShardTuple, unpack_items
from transforms.storage import below
from transforms.tables.join import TableRow, image_of


def shard_count(images: int, source_bytes: int, images_per_shard: int) -> int:
    """Return the number of shards for some images: on average at most `images_per_shard` images and 512 MB each."""
    by_images = -(-images // images_per_shard)
    by_bytes = -(-source_bytes // 512_000_000)
    return max(1, by_images, by_bytes)


def shard_counts(listing: Tally, config: ResizeConfig) -> tuple[dict[str, int], dict[str, dict[str, StreamShards]]]:
    """Return the number of shards of each split, and the shards of each .tar.gz among them.

    The images that are not in a .tar.gz get the first shards. If none of them can be read, they share the shards of
    the archives instead, because loaders of archives fail if the first archive is empty.
    """
    counts, streams = {}, {}
    for split in config.splits:
        total, of_split = listing["splits"][split.name], listing.get("streams", {}).get(split.name, {})
        images = total["images"] - sum(sums["images"] for sums in of_split.values())
        size = total["bytes"] - sum(sums["bytes"] for sums in of_split.values())
        unreadable = listing.get("unreadable", {}).get(split.name, 0)
        count = shard_count(images, size, config.images_per_shard) if images > unreadable or not of_split else 0
        shards = {}
        for path, sums in sorted(of_split.items()):
            number = shard_count(sums["images"], sums["bytes"], config.images_per_shard)
            shards[path] = StreamShards(count, number, -(-sums["images"] // number))
            count += number
        counts[split.name] = count
        if shards:
            streams[split.name] = shards
    return counts, streams


def hashed_shards(plan: Plan, split: str) -> int:
    """Return the number of shards to which items are assigned by the hash of a key.

    These are all shards of the split if all of them belong to a .tar.gz.
    """
    streams = plan.streams.get(split)
    return (next(iter(streams.values())).first if streams else 0) or plan.shards[split]


def stream_shard(place: GzipMember, archive: str, split: str, plan: Plan, images_per_shard: int) -> int:
    """Return the number of the shard that an image of a .tar.gz belongs to.

    Args:
        place: the place of the image.
        archive: the path of the archive below the input.
        split: the name of the split.
        plan: the plan.
        images_per_shard: the length of the sequences in an archive that is not in the plan. Its sequences are spread
            over all shards of the split.
    """
    if shards := plan.streams.get(split, {}).get(archive):
        return shards.first + min(place.number // shards.images, shards.shards - 1)
    total = plan.shards[split]
    return (shard_index(archive, total) + place.number // images_per_shard) % total


class AssignToStreams(beam.PTransform):
    """(shard by hash, item) -> (final shard, item), for splits with a .tar.gz.

    Args:
        config: the dataset.
        plan: the output of `PlanShards`.
    """

    def __init__(self, config: ResizeConfig, plan: beam.PCollection[Plan]) -> None:
        super().__init__()
        self._config = config
        self._plan = plan

    def expand(self, items: beam.PCollection[tuple[ShardTuple, ItemTuple]]) -> beam.PCollection:
        plan = beam.pvalue.AsSingleton(self._plan)
        return (
            items
            | "GroupByImage" >> beam.GroupByKey()
            | "SendItems" >> beam.FlatMap(_send, plan, self._config).with_output_types(ASSIGNED_TYPE)
        )


def _send(
    grouped: tuple[ShardTuple, Iterable[ItemTuple]], plan: Plan, config: ResizeConfig
) -> Iterator[tuple[ShardTuple, ItemTuple]]:
    return send(Shard(*grouped[0]), grouped[1], plan, config)


def send(
    shard: Shard, items: Iterable[ItemTuple], plan: Plan, config: ResizeConfig
) -> Iterator[tuple[ShardTuple, ItemTuple]]:
    """Yield the items that the hash assigned to a shard, with their final shards.

    Images with the same key get the same shard, the first of theirs, because their outputs may have the same name. With
    annotations, so do images with the same ID, because they have the same rows. A row of a table gets the shard of the
    image that it matches, and a folder the shard of the image with its name.
    """
    image_key = image_id if config.annotations else str
    sources: dict[str, list[tuple[int, ItemTuple]]] = defaultdict(list)
    keys: set[str] = set()
    rows: list[tuple[TableRow, ItemTuple]] = []
    folders: list[tuple[str, ItemTuple]] = []
    for item in items:
        unpacked = unpack_items(shard, [item], config)
        for source in unpacked.sources:
            sources[image_key(source.key)].append((_number(source, shard, plan, config), item))
            keys.add(source.key)
        rows += [(row, item) for row in unpacked.rows]
        folders += [(folder, item) for folder in unpacked.folders]
    shard_numbers = {key: min(number for number, _ in found) for key, found in sources.items()}
    for key, found in sources.items():
        for _, item in found:
            yield (shard.split, shard_numbers[key], shard.total), item
    for row, item in rows:
        image = image_of(row.key, keys, config) if row.table in config.tables else row.key
        shard_number = shard.number if image is None else shard_numbers.get(image_key(image), shard.number)
        yield (shard.split, shard_number, shard.total), item
    for folder, item in folders:
        yield (shard.split, shard_numbers.get(image_key(key_of(folder)), shard.number), shard.total), item


def _number(source: Source, shard: Shard, plan: Plan, config: ResizeConfig) -> int:
    if not isinstance(source.place, GzipMember):
        return shard.number
    archive = utf8_text(below(config.root_of(shard.split), source.location))
    return stream_shard(source.place, archive, shard.split, plan, config.images_per_shard)
