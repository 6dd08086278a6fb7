"""The plan of a dataset in OUT/.run/config.json. The first run writes it, and all runs follow it.

It defines the shards, the parts of the manifest, and the paths of the files that describe the dataset.
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

# The number of shards per part of the manifest.
SHARDS_PER_PART = 100

# Old name of a setting -> its current name.
_OLD_NAMES = {"labels": "label_from"}
# Settings that older versions did not have -> the value that applies to their datasets.
_NEW = {"keep_small": False}
# Settings that no longer exist -> the value that applies to all datasets now.
_DROPPED = {"resampler": "pillow"}


class StreamShards(NamedTuple):
    """The shards of a .tar.gz. Each contains consecutive images, in the order of the archive.

    Args:
        first: the number of the first shard.
        shards: the number of shards.
        images: the number of images in each shard but the last.
    """

    first: int
    shards: int
    images: int


class Plan(NamedTuple):
    """The plan of a dataset. Only `columns` and `unwritten` change after the first run.

    Args:
        inputs: split -> pattern of its input.
        settings: the settings, see `settings.settings`.
        shards: split -> number of its shards.
        columns: the columns from labels and tables, as found by the latest run.
        unwritten: the folders that are not classes, because the latest run wrote none of their images.
        streams: split -> path of each .tar.gz that the first run found -> its shards. They are the last shards of the
            split, in the order of the paths.
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
    """Part `number`, from 0, of the `total` parts of the manifest, and the shards whose rows it contains."""

    number: int
    total: int
    shards: tuple[Shard, ...]

    def path(self, name: str) -> str:
        """Return the path of this part of the document `name`, such as manifest-00000-of-00002.jsonl."""
        return f"{name}-{self.number:05d}-of-{self.total:05d}.jsonl"


def parts(plan: Plan) -> list[Part]:
    """Return the parts of the manifest. They depend only on the number of shards."""
    shards = tuple(plan.all_shards())
    total = -(-len(shards) // SHARDS_PER_PART)
    return [
        Part(number, total, shards[number * SHARDS_PER_PART : (number + 1) * SHARDS_PER_PART])
        for number in range(total)
    ]


def metadata_path(folder: str) -> str:
    """Return the path of the metadata of one size and split, whose images are in `folder`."""
    return f"{folder}{METADATA_NAME}"


def metadata_paths(plan: Plan) -> list[str]:
    """Return the paths of the metadata of all sizes and splits; [] with archives, whose samples contain metadata."""
    if LAYOUTS[plan.settings["layout"]].has_archives:
        return []
    sizes = plan.settings["size"]
    return [
        metadata_path(size_folder(size, sizes) + split_prefix(split, plan.shards))
        for size in sizes
        for split in plan.shards
    ]


def coco_path(folder: str) -> str:
    """Return the path of the COCO file of one size and split, whose images are in `folder`."""
    return f"{folder}{COCO_NAME}"


def coco_images_path(folder: str) -> str:
    """Return the document name under which the images of a coco.json are stored as pieces."""
    return f"{coco_path(folder)}-images"


def coco_boxes_path(folder: str) -> str:
    """Return the document name under which the boxes of a coco.json are stored as pieces."""
    return f"{coco_path(folder)}-boxes"


def annotation_paths(plan: Plan) -> list[str]:
    """Return the paths of the annotation files: the classes, and the boxes in COCO and YOLO format."""
    settings = plan.settings
    formats = settings.get("annotations", ())
    folders = [size_folder(size, settings["size"]) for size in settings["size"]]
    cocos = [coco_path(folder + split_prefix(split, plan.shards)) for folder in folders for split in plan.shards]
    return [
        *([CLASSES_PATH] if plan.columns.annotations else []),
        *(cocos if COCO in formats else []),
        *([f"{folder}{YOLO_NAME}" for folder in folders] if YOLO in formats else []),
    ]


def document_paths(plan: Plan) -> list[str]:
    """Return the paths of the files that describe the dataset. Each run rewrites them at its end.

    croissant.json is not included: whether it exists depends on the formats of the images.
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
    """Return the plan for the first run of a dataset, without the shards of .tar.gz archives.

    Args:
        config: the configuration of the dataset.
        shards: split -> number of its shards.
        columns: the columns from labels and tables.
    """
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
    """Return the columns from their JSON values. Older versions wrote only the first two."""
    return Columns(types, tuple(classes), tuple(annotations), categories or {})


def _current(settings: dict[str, Any]) -> dict[str, Any]:
    """Convert settings, which an older version may have written, to those of this version."""
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
    """Write the number of images that a run has listed, for a process that follows the run."""
    storage.write(out_dir, LISTED_PATH, json_line({"run": run_id, "images": images}))


def images_listed(out_dir: str, run_id: str) -> int | None:
    """Return the number of images that a run has listed, or None if its listing is not complete."""
    text = storage.read_if_there(storage.join(out_dir, LISTED_PATH))
    listed = json.loads(text) if text else {}
    return listed["images"] if listed.get("run") == run_id else None
