"""The plan of a dataset: what its first run fixed for all runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from transforms import storage
from transforms.dataset.paths import ARCHIVES_PATH, CARD_PATH, CONFIG_PATH, LICENSE_PATH, SUMMARY_PATH, SUMS_PATH
from transforms.dataset.settings import settings
from transforms.layouts import LAYOUTS
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.folders import size_folder, split_prefix
from transforms.model.json_lines import json_line
from transforms.model.records import NO_COLUMNS, Columns, Shard

# How many shards share one part of the manifest and one of the failures.
SHARDS_PER_PART = 100


class Plan(NamedTuple):
    """What the first run of a dataset fixed for all runs.

    Args:
        inputs: the pattern of each split.
        settings: see `config.settings`.
        shards: how many shards each split has.
        columns: what its samples have beside their images, as the newest run found it.
        unwritten: folders that are no classes, since none of their images was written by the newest run.
    """

    inputs: dict[str, str]
    settings: dict[str, Any]
    shards: dict[str, int]
    columns: Columns = NO_COLUMNS
    unwritten: tuple[str, ...] = ()

    def all_shards(self) -> Iterator[Shard]:
        """Every shard, in the order of the manifest."""
        for split, total in self.shards.items():
            yield from (Shard(split, number, total) for number in range(total))


class Part(NamedTuple):
    """Part `number`, from 0, of `total` of the manifest, and of the failures, with the shards that it joins."""

    number: int
    total: int
    shards: tuple[Shard, ...]

    def path(self, name: str) -> str:
        """Such as manifest-00000-of-00002.jsonl."""
        return f"{name}-{self.number:05d}-of-{self.total:05d}.jsonl"


def parts(plan: Plan) -> list[Part]:
    """The parts of the manifest; how many there are depends on the number of shards alone."""
    shards = tuple(plan.all_shards())
    total = -(-len(shards) // SHARDS_PER_PART)
    return [
        Part(number, total, shards[number * SHARDS_PER_PART : (number + 1) * SHARDS_PER_PART])
        for number in range(total)
    ]


def metadata_path(folder: str) -> str:
    """Return the path of the metadata of the images of one size and split, which lie in this folder."""
    return f"{folder}metadata.jsonl"


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


def document_paths(plan: Plan) -> list[str]:
    """The paths of the dataset's own tables below OUT, which the end of each run makes anew.

    croissant.json is none of them: what formats the images have decides whether it is there.
    """
    settings = plan.settings
    attributed = "attribution" in settings
    names = ["manifest", "failures", *(["attribution"] if attributed else [])]
    names += ["unmatched"] if attributed or "columns" in settings else []
    archives = [ARCHIVES_PATH] if LAYOUTS[settings["layout"]].has_archives else []
    return [
        *(part.path(name) for part in parts(plan) for name in names),
        *(archives + metadata_paths(plan)),
        *([LICENSE_PATH] if attributed else []),
        *(CARD_PATH, SUMMARY_PATH, SUMS_PATH),
    ]


def new_plan(config: ResizeConfig, shards: dict[str, int], columns: Columns) -> Plan:
    """The plan of a dataset's first run."""
    return Plan({split.name: split.pattern for split in config.splits}, settings(config), shards, columns)


def read_plan(out_dir: str) -> Plan | None:
    """The plan of the dataset in `out_dir`, or None where no run has come so far.

    Raises:
        RunError: the file is there but is none of ours.
    """
    text = storage.read_if_there(storage.join(out_dir, CONFIG_PATH))
    if text is None:
        return None
    try:
        plan = Plan(**json.loads(text))
        types, classes = plan.columns
        return plan._replace(columns=Columns(types, tuple(classes)), unwritten=tuple(plan.unwritten))
    except (ValueError, TypeError) as error:
        raise RunError(
            f"{storage.join(out_dir, CONFIG_PATH)!r} is damaged ({error}): give another -o, or delete this folder"
        ) from error


def write_plan(out_dir: str, plan: Plan) -> None:
    """Fixes the plan of the dataset in `out_dir`."""
    storage.write(out_dir, CONFIG_PATH, json_line(plan))
