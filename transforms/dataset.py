"""What lies in OUT besides the images: the settings of its first run, and how many shards that fixed.

OUT/_run/config.json                {"inputs": ..., "settings": ..., "shards": {"train": 20}}
OUT/_run/shards/<shard>.jsonl       markers, see `marker`
OUT/_run/attempts/                  shards that are being made, see `attempts`
OUT/_run/receipts/  OUT/_run/tmp/   what the runs did, and what a run is writing
OUT/_run/pieces/                    what each part has of the files that have no parts
OUT/_run/lock, in a store lease.json  who is at work
OUT/manifest-*, failures-*, summary.json, SHA256SUMS, README.md, croissant.json
OUT/shards.jsonl                    with archives
OUT/[SIZE/][SPLIT/]metadata.jsonl   with layout files
OUT/attribution-*, LICENSE, unmatched-*   with tables
OUT/report.html                     the page that tells of it
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from transforms import storage
from transforms.marker import marker_path, read_header
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import NO_COLUMNS, REPORT_PATH, RUN_DIR, Columns, Shard, json_line
from transforms.settings import settings

CONFIG_PATH = f"{RUN_DIR}/config.json"
LOCK_PATH = f"{RUN_DIR}/lock"
LEASE_PATH = f"{RUN_DIR}/lease.json"
RECEIPTS_DIR = f"{RUN_DIR}/receipts"
PIECES_DIR = f"{RUN_DIR}/pieces"
SUMMARY_PATH = "summary.json"
ARCHIVES_PATH = "shards.jsonl"
CARD_PATH = "README.md"
CROISSANT_PATH = "croissant.json"
LICENSE_PATH = "LICENSE"
SUMS_PATH = "SHA256SUMS"

# Stands in each card that a run has made; one without it is somebody's own, and stays as it is.
MADE_BY_RUNS = "<!-- Each run writes this file anew; without this line it leaves the file alone. -->"

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


def has_archives(layout: str) -> bool:
    """Whether a layout's datasets have the table of archives; with files, the manifest names each already."""
    return layout != "files"


def metadata_path(size_folder: str, key_prefix: str) -> str:
    """Where the metadata of the images of one size and split lie: beside them."""
    return f"{size_folder}{key_prefix}metadata.jsonl"


def metadata_paths(plan: Plan) -> list[str]:
    """Where the metadata of all sizes and splits lie; none with archives, whose samples have theirs."""
    if has_archives(plan.settings["layout"]):
        return []
    sizes, splits = plan.settings["size"], list(plan.shards)
    return [
        metadata_path(f"{size}/" if len(sizes) > 1 else "", f"{split}/" if len(splits) > 1 else "")
        for size in sizes
        for split in splits
    ]


def tables(plan: Plan) -> list[str]:
    """The paths of the dataset's own tables below OUT, which the end of each run makes anew.

    croissant.json is none of them: what formats the images have decides whether it is there.
    """
    settings = plan.settings
    attributed = "attribution" in settings
    names = ["manifest", "failures", *(["attribution"] if attributed else [])]
    names += ["unmatched"] if attributed or "columns" in settings else []
    archives = [ARCHIVES_PATH] if has_archives(settings["layout"]) else []
    return [
        *(part.path(name) for part in parts(plan) for name in names),
        *(archives + metadata_paths(plan)),
        *([LICENSE_PATH] if attributed else []),
        *(CARD_PATH, SUMMARY_PATH, SUMS_PATH),
    ]


def own_card(out_dir: str) -> bytes | None:
    """The dataset's card where it is no longer the one that a run has made.

    Raises:
        StorageError: it is there and cannot be read.
    """
    card = storage.read_if_there(storage.join(out_dir, CARD_PATH))
    return None if card is None or MADE_BY_RUNS.encode() in card else card


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


def prepare(config: ResizeConfig, overwrite: bool, log: str | None = None) -> Plan | None:
    """Makes sure that a run of `config` may write to its OUT, and with `overwrite` empties it; else as `check`."""
    continued = check(config, overwrite, log)
    if overwrite and (plan := read_plan(config.out_dir)):
        erase(config.out_dir, plan)
    return continued


def check(config: ResizeConfig, overwrite: bool, log: str | None = None) -> Plan | None:
    """Looks whether a run of `config` may write to its OUT: a new or empty folder, or the same dataset.

    Args:
        config: the dataset.
        overwrite: the dataset that is there will be deleted.
        log: a file of this run that may lie in OUT.

    Returns:
        The plan of the dataset that is there.

    Raises:
        RunError: OUT holds another dataset, or something else, or is no folder.
    """
    if storage.is_local(config.out_dir) and os.path.lexists(config.out_dir) and not os.path.isdir(config.out_dir):
        raise RunError(f"-o {config.out_dir!r} is no folder: give the folder that the dataset is to be written to")
    plan = read_plan(config.out_dir)
    if plan is None:
        _check_foreign(config.out_dir, log)
    elif not overwrite:
        _check_same(config, plan)
        return plan
    return None


def _check_same(config: ResizeConfig, plan: Plan) -> None:
    wanted = new_plan(config, plan.shards, plan.columns)
    for name, was, now in _differing(plan, wanted):
        raise RunError(
            f"{config.out_dir!r} holds a dataset made with {name} {was!r}, and this is {name} {now!r}: use the same, "
            "give another -o, or start again with --overwrite"
        )


def _differing(plan: Plan, wanted: Plan) -> Iterator[tuple[str, Any, Any]]:
    if plan.inputs != wanted.inputs:
        yield "--in_dir", sorted(plan.inputs.values()), sorted(wanted.inputs.values())
    for name in sorted({*plan.settings, *wanted.settings} - {"versions"}):
        if plan.settings.get(name) != wanted.settings.get(name):
            yield f"--{name}", plan.settings.get(name), wanted.settings.get(name)
    was, now = plan.settings.get("versions", {}), wanted.settings["versions"]
    for library in sorted({*was, *now}):
        if was.get(library) != now.get(library):
            yield f"version of {library}", was.get(library), now.get(library)


_HARMLESS = frozenset({RUN_DIR, "lost+found"})


def _check_foreign(out_dir: str, log: str | None) -> None:
    """Refuses a folder that holds files none of which can be told from the dataset's own later on."""
    if storage.is_local(out_dir):
        names = os.listdir(out_dir) if os.path.isdir(out_dir) else []
        harmless = {*_HARMLESS, *([os.path.basename(log)] if log and os.path.dirname(log) == out_dir else [])}
        foreign = sorted(name for name in names if not name.startswith(".") and name not in harmless)
    else:
        foreign = ["an object"] if storage.matches(storage.join(out_dir, "*")) else []
    if foreign:
        raise RunError(
            f"-o {out_dir!r} holds what belongs to no dataset ({foreign[0]!r}, say): give an empty or new folder"
        )


def erase(out_dir: str, plan: Plan) -> None:
    """Deletes the dataset in `out_dir`: what its markers and its plan name, and nothing else.

    Raises:
        StorageError: something cannot be deleted.
    """
    for shard in plan.all_shards():
        header = read_header(out_dir, shard)
        if header is not None:
            storage.delete_all(out_dir, [*(file[0] for file in header.files), marker_path(shard)])
    kept = {CARD_PATH} if own_card(out_dir) else set()
    made = (*tables(plan), CROISSANT_PATH, REPORT_PATH)
    storage.delete_all(out_dir, [path for path in made if path not in kept])
    held = LOCK_PATH if storage.is_local(out_dir) else LEASE_PATH
    storage.delete_tree(storage.join(out_dir, RUN_DIR), spare=storage.join(out_dir, held))
