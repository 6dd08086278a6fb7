"""Checks whether a run may write to OUT, and deletion of the dataset in OUT."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import Any

from transforms import storage
from transforms.dataset import state
from transforms.dataset.markers import read_header
from transforms.dataset.old_defaults import keep_old_defaults
from transforms.dataset.paths import CARD_PATH, CROISSANT_PATH, GENERATED_MARK, SUMMARY_PATH, SUMS_PATH
from transforms.dataset.plan import Plan, document_paths, new_plan, read_plan, write_plan
from transforms.dataset.settings import GIVEN
from transforms.imaging.extras import EXTRAS, install_command
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import PACKED_PATH, REPORT_PATH, RUN_DIR

# Names that a folder without a dataset may contain. Hidden files are allowed, too.
_ALLOWED_NAMES = frozenset({state.OLD_DIR, "lost+found"})

# Settings whose defaults follow from another setting, which a message names first.
_FOLLOWING = frozenset({"images_per_shard", "algorithm", "orientation", "only_shrink"})

# A setting that a plan gets when --overwrite starts to delete the dataset.
_ERASED = "overwrite"

# The packages of optional decoders -> their extras.
_EXTRAS = {extra.distribution: extra.name for extra in EXTRAS}


def check(config: ResizeConfig, overwrite: bool, log: str | None = None) -> Plan | None:
    """Check that a run may write to OUT: that OUT is new, empty, or contains the same dataset. Change nothing.

    Args:
        config: the configuration of the dataset to create.
        overwrite: whether the run deletes the dataset in OUT, which may then be a different one.
        log: the path of this run's log file, which may be in OUT; None if there is no log file.

    Returns:
        The plan of the dataset to continue; None if the run starts one.

    Raises:
        RunError: OUT is not a folder, or contains another dataset or other files.
    """
    plan = _plan_of(config.out_dir)
    if plan is None:
        _check_no_other_files(config.out_dir, log)
    elif not overwrite:
        _check_same_settings(config, plan)
        return plan
    return None


def resume(config: ResizeConfig, given: Collection[str]) -> ResizeConfig:
    """Return the configuration with which a run continues the dataset in OUT; `config` if there is no dataset.

    Args:
        config: the configuration from the command line.
        given: the names of the flags on the command line.

    Raises:
        RunError: OUT is not a folder, or its plan is damaged.
    """
    plan = _plan_of(config.out_dir)
    return keep_old_defaults(config, plan, given) if plan else config


def prepare(config: ResizeConfig, overwrite: bool, log: str | None = None) -> Plan | None:
    """Check OUT and return the plan as `check` does. Then make OUT ready for writing.

    If `overwrite` is true, erase the dataset in OUT.
    """
    continued = check(config, overwrite, log)
    state.begin(config.out_dir)
    if overwrite and (plan := read_plan(config.out_dir)):
        erase(config.out_dir, plan)
    return continued


def erase(out_dir: str, plan: Plan) -> None:
    """Delete the dataset in `out_dir`: the files that its markers and its plan list, and no others.

    Keep a card that its owner has edited.

    Raises:
        StorageError: a file cannot be deleted.
    """
    write_plan(out_dir, plan._replace(settings={**plan.settings, _ERASED: True}))
    for shard in plan.all_shards():
        header = read_header(out_dir, shard)
        if header is not None:
            storage.delete_all(out_dir, [file[0] for file in header.files])
    kept = {CARD_PATH} if edited_card(out_dir) else set()
    documents = (*document_paths(plan), CROISSANT_PATH, REPORT_PATH)
    storage.delete_all(out_dir, [path for path in documents if path not in kept])
    state.delete_all(out_dir)


def edited_card(out_dir: str) -> bytes | None:
    """Return the card of the dataset if its owner has edited it, else None.

    Raises:
        StorageError: the card exists but cannot be read.
    """
    card = storage.read_if_there(storage.join(out_dir, CARD_PATH))
    return None if card is None or GENERATED_MARK.encode() in card else card


def _plan_of(out_dir: str) -> Plan | None:
    if storage.is_local(out_dir) and os.path.lexists(out_dir) and not os.path.isdir(out_dir):
        raise RunError(f"-o {out_dir!r} is not a folder: use a folder to write the dataset to")
    return read_plan(out_dir)


def _check_same_settings(config: ResizeConfig, plan: Plan) -> None:
    if _ERASED in plan.settings:
        raise RunError(
            f"{config.out_dir!r} contains part of a dataset that a run with --overwrite started to delete: use "
            "--overwrite again, or another -o"
        )
    if "resampler" in plan.settings or "cykooz-resizer" in plan.settings.get("versions", {}):
        raise RunError(
            f"{config.out_dir!r} holds a dataset made with --resampler simd, which no longer exists, so its images "
            "cannot be recreated: use another -o, or start over with --overwrite"
        )
    new = new_plan(config, plan.shards, plan.columns)
    for name, old_value, new_value in _differences(plan, new):
        if name in _EXTRAS and new_value is None:
            raise RunError(
                f"{config.out_dir!r} holds a dataset made with {name}, which is not installed here, so its images "
                f"would be left out: {install_command(_EXTRAS[name])}, use another -o, or start over with --overwrite"
            )
        raise RunError(
            f"{config.out_dir!r} holds a dataset made {_made(name, old_value)}, but this run is "
            f"{_made(name, new_value)}: use the same settings, use another -o, or start over with --overwrite"
        )


def _made(name: str, value: Any) -> str:
    """Describe one setting of a run, such as "with --size [512]" or "without --exact"."""
    if value in (None, False, "", []):
        return f"without {name}"
    return f"with {name}" if value is True or value == GIVEN else f"with {name} {value!r}"


def _differences(old: Plan, new: Plan) -> Iterator[tuple[str, Any, Any]]:
    if (old_inputs := list(old.inputs.values())) != (new_inputs := list(new.inputs.values())):
        yield "--in_dir", old_inputs, new_inputs
    # The names of classes are part of the columns, which may change from run to run.
    names = {*old.settings, *new.settings} - {"versions", "class_names"}
    for name in sorted(names, key=lambda name: (name in _FOLLOWING, name)):
        if old.settings.get(name) != new.settings.get(name):
            yield f"--{name}", old.settings.get(name), new.settings.get(name)
    old_versions, new_versions = old.settings.get("versions", {}), new.settings["versions"]
    for library in sorted({*old_versions, *new_versions}):
        # The files that a new extra reads are new sources of the dataset.
        is_new_extra = library not in old_versions and library in _EXTRAS
        if old_versions.get(library) != new_versions.get(library) and not is_new_extra:
            yield library, old_versions.get(library), new_versions.get(library)


def _check_no_other_files(out_dir: str, log: str | None) -> None:
    """Reject a folder with other files: later they could not be distinguished from those of the dataset."""
    if storage.is_local(out_dir):
        names = os.listdir(out_dir) if os.path.isdir(out_dir) else []
        allowed = {*_ALLOWED_NAMES, *([os.path.basename(log)] if log and os.path.dirname(log) == out_dir else [])}
        others = sorted(name for name in names if not name.startswith(".") and name not in allowed)
        example = f", such as {others[0]!r}" if others else None
    else:
        example = "" if storage.matches(storage.join(out_dir, "*")) else None
    if example is not None:
        if all(storage.exists(storage.join(out_dir, path)) for path in (SUMMARY_PATH, SUMS_PATH)):
            raise RunError(
                f"-o {out_dir!r} contains a dataset without its state, so no run can continue or delete it: copy the "
                f"hidden {PACKED_PATH} or {RUN_DIR} of the dataset there, or use an empty or new folder"
            )
        raise RunError(
            f"-o {out_dir!r} contains files that do not belong to a dataset{example}: use an empty or new folder"
        )
