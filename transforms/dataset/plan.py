"""The plan of a dataset in OUT/.run/config.json, which its first run fixes for all runs.

It decides the shards, the parts of the manifest, and the paths of the files that describe the dataset.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from transforms import storage
from transforms.dataset import state
from transforms.dataset.paths import (
    ARCHIVES_PATH,
    CARD_PATH,
    CLASSES_PATH,
    COCO_NAME,
    CONFIG_PATH,
    LICENSE_PATH,
    LISTED_PATH,
    METADATA_NAME,
    SUMMARY_PATH,
    SUMS_PATH,
    YOLO_NAME,
)
from transforms.dataset.settings import settings
from transforms.layouts import LAYOUTS
from transforms.model.annotations import COCO, YOLO
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.folders import size_folder, split_prefix
from transforms.model.json_lines import json_line
from transforms.model.records import NO_COLUMNS, Columns, Shard

# The number of shards whose rows make one part of the manifest.
SHARDS_PER_PART = 100

# Old name of a setting -> its name today.
_OLD_NAMES = {"labels": "label_from"}
# Settings that older versions did not have, at the value that their datasets have.
_NEW = {"keep_small": False}
# Settings that no longer exist, at the value that every dataset has now.
_DROPPED = {"resampler": "pillow"}


class StreamShards(NamedTuple):
    """The shards of a .tar.gz, which hold runs of its images in the order in which they lie there.

    Args:
        first: the number of the first.
        shards: how many there are.
        images: how many images each of them has but the last.
    """

    first: int
    shards: int
    images: int


class Plan(NamedTuple):
    """The plan of a dataset. All but its columns and `unwritten` stay as the first run fixed them.

    Args:
        inputs: the pattern of each split.
        settings: the settings, see `settings.settings`.
        shards: the number of shards of each split.
        columns: the columns from labels and tables, as the latest run found them.
        unwritten: the folders that are not classes, because the latest run wrote none of their images.
        streams: split -> path of each .tar.gz that the first run found -> its shards, which are among those of the
            split: the last ones, in the order of the paths.
    """

    inputs: dict[str, str]
    settings: dict[str, Any]
    shards: dict[str, int]
    columns: Columns = NO_COLUMNS
    unwritten: tuple[str, ...] = ()
    streams: dict[str, dict[str, StreamShards]] = {}  # noqa: RUF012  # this default is never changed

    def all_shards(self) -> Iterator[Shard]:
        """Yield all shards in the order of the manifest."""
        for split, total in self.shards.items():
            yield from (Shard(split, number, total) for number in range(total))


class Part(NamedTuple):
    """Part `number`, from 0, of the `total` parts of the manifest, and the shards whose rows it holds."""

    number: int
    total: int
    shards: tuple[Shard, ...]

    def path(self, name: str) -> str:
        """Return the path of the part of a table, such as manifest-00000-of-00002.jsonl."""
        return f"{name}-{self.number:05d}-of-{self.total:05d}.jsonl"


def parts(plan: Plan) -> list[Part]:
    """Return the parts of the manifest. They depend on the number of shards alone."""
    shards = tuple(plan.all_shards())
    total = -(-len(shards) // SHARDS_PER_PART)
    return [
        Part(number, total, shards[number * SHARDS_PER_PART : (number + 1) * SHARDS_PER_PART])
        for number in range(total)
    ]


def metadata_path(folder: str) -> str:
    """Return the path of the metadata of the images of one size and split, which lie in this folder."""
    return f"{folder}{METADATA_NAME}"


def metadata_paths(plan: Plan) -> list[str]:
    """Return the paths of the metadata of all sizes and splits; none with archives, whose samples have metadata."""
    if LAYOUTS[plan.settings["layout"]].has_archives:
        return []
    sizes = plan.settings["size"]
    return [
        metadata_path(size_folder(size, sizes) + split_prefix(split, plan.shards))
        for size in sizes
        for split in plan.shards
    ]


def coco_path(folder: str) -> str:
    """Return the path of the boxes, as COCO has them, of the images of one size and split, which lie in this folder."""
    return f"{folder}{COCO_NAME}"


def coco_images_path(folder: str) -> str:
    """Return the path of the images in the pieces of coco.json."""
    return f"{coco_path(folder)}-images"


def coco_boxes_path(folder: str) -> str:
    """Return the path of the boxes in the pieces of coco.json."""
    return f"{coco_path(folder)}-boxes"


def annotation_paths(plan: Plan) -> list[str]:
    """Return the paths of the files of annotations: of the classes, and of boxes in formats of their own."""
    settings = plan.settings
    formats, folders = (
        settings.get("annotations", ()),
        [size_folder(size, settings["size"]) for size in settings["size"]],
    )
    cocos = [coco_path(folder + split_prefix(split, plan.shards)) for folder in folders for split in plan.shards]
    return [
        *([CLASSES_PATH] if plan.columns.annotations else []),
        *(cocos if COCO in formats else []),
        *([f"{folder}{YOLO_NAME}" for folder in folders] if YOLO in formats else []),
    ]


def document_paths(plan: Plan) -> list[str]:
    """Return the paths of the files that describe the dataset, which the end of each run writes again.

    croissant.json is not among them: whether there is one depends on the formats of the images.
    """
    settings = plan.settings
    attributed = "attribution" in settings or "image_list" in settings
    names = ["manifest", "failures", *(["attribution"] if attributed else [])]
    names += ["missing"] if "image_list" in settings else []
    names += ["unmatched"] if "attribution" in settings or "columns" in settings else []
    archives = [ARCHIVES_PATH] if LAYOUTS[settings["layout"]].has_archives else []
    return [
        *(part.path(name) for part in parts(plan) for name in names),
        *(archives + metadata_paths(plan) + annotation_paths(plan)),
        *([LICENSE_PATH] if attributed else []),
        *(CARD_PATH, SUMMARY_PATH, SUMS_PATH),
    ]


def new_plan(config: ResizeConfig, shards: dict[str, int], columns: Columns) -> Plan:
    """Return the plan of a dataset without a plan, for its first run, and without the shards of each .tar.gz."""
    return Plan({split.name: split.pattern for split in config.splits}, settings(config), shards, columns)


def read_plan(out_dir: str) -> Plan | None:
    """Return the plan of the dataset in `out_dir`, or None if no run has written one.

    Raises:
        RunError: the file is damaged.
    """
    text = state.read(out_dir, CONFIG_PATH)
    if text is None:
        return None
    try:
        plan = Plan(**json.loads(text))
        return plan._replace(
            settings=_current(plan.settings),
            columns=_columns(*plan.columns),
            unwritten=tuple(plan.unwritten),
            streams={
                split: {path: StreamShards(*shards) for path, shards in streams.items()}
                for split, streams in plan.streams.items()
            },
        )
    except (ValueError, TypeError) as error:
        raise RunError(
            f"{storage.join(out_dir, CONFIG_PATH)!r} is damaged ({error}): use another -o, or delete the folder "
            f"{out_dir!r} to start over"
        ) from error


def _columns(
    types: dict[str, str],
    classes: Sequence[str],
    annotations: Sequence[str] = (),
    categories: dict[str, str] | None = None,
) -> Columns:
    """Return the columns as their lists in JSON say. Older versions wrote the first two."""
    return Columns(types, tuple(classes), tuple(annotations), categories or {})


def _current(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a dataset that an older version may have written, as this version writes them."""
    renamed = {
        _OLD_NAMES.get(name, name): value
        for name, value in dict(settings).items()
        if name not in _DROPPED or value != _DROPPED[name]
    }
    return {**_NEW, **renamed}


def write_plan(out_dir: str, plan: Plan) -> None:
    """Write the plan of the dataset in `out_dir`."""
    storage.write(out_dir, CONFIG_PATH, json_line(plan))


def write_images_listed(out_dir: str, run_id: str, images: int) -> None:
    """Write how many images a run has listed, for a process that follows the run."""
    storage.write(out_dir, LISTED_PATH, json_line({"run": run_id, "images": images}))


def images_listed(out_dir: str, run_id: str) -> int | None:
    """Return how many images a run has listed, or None if its listing is not complete."""
    text = storage.read_if_there(storage.join(out_dir, LISTED_PATH))
    listed = json.loads(text) if text else {}
    return listed["images"] if listed.get("run") == run_id else None
