"""Whether a run may write to OUT, and the deletion of the dataset that is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from transforms import storage
from transforms.dataset.markers import marker_path, read_header
from transforms.dataset.paths import CARD_PATH, CROISSANT_PATH, LEASE_PATH, LOCK_PATH, GENERATED_MARK
from transforms.dataset.plan import Plan, document_paths, new_plan, read_plan
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import REPORT_PATH, RUN_DIR


def edited_card(out_dir: str) -> bytes | None:
    """The dataset's card where it is no longer the one that a run has made.

    Raises:
        StorageError: it is there and cannot be read.
    """
    card = storage.read_if_there(storage.join(out_dir, CARD_PATH))
    return None if card is None or GENERATED_MARK.encode() in card else card


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
    kept = {CARD_PATH} if edited_card(out_dir) else set()
    made = (*document_paths(plan), CROISSANT_PATH, REPORT_PATH)
    storage.delete_all(out_dir, [path for path in made if path not in kept])
    held = LOCK_PATH if storage.is_local(out_dir) else LEASE_PATH
    storage.delete_tree(storage.join(out_dir, RUN_DIR), spare=storage.join(out_dir, held))
