"""Defaults that have changed. A dataset that was started with an old default keeps it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from transforms.dataset.plan import Plan
from transforms.model.config import ResizeConfig, Split

# Field of `ResizeSpec` -> its old default.
OLD_DEFAULTS: dict[str, Any] = {"orientation": "stored"}

# The default name of a single input's split has changed, too, see `pipeline.cli.inputs`.
_SPLIT = "split"


def keep_old_defaults(config: ResizeConfig, plan: Plan, given: Collection[str]) -> ResizeConfig:
    """Return the configuration with which a run continues a dataset.

    Args:
        config: the configuration from the command line.
        plan: the plan of the dataset in OUT.
        given: the names of the flags on the command line, which take precedence over old defaults.
    """
    old = {name: value for name, value in OLD_DEFAULTS.items() if plan.settings.get(name) == value}
    kept = {name: value for name, value in old.items() if name not in given}
    splits = config.splits if _SPLIT in given else _named_as_in(plan, config.splits)
    return dataclasses.replace(config, spec=dataclasses.replace(config.spec, **kept), splits=splits)


def _named_as_in(plan: Plan, splits: tuple[Split, ...]) -> tuple[Split, ...]:
    """Return the splits. Give a single one the name that the dataset uses for the same input."""
    if len(splits) > 1 or list(plan.inputs.values()) != [split.pattern for split in splits]:
        return splits
    (name,) = plan.inputs
    return (dataclasses.replace(splits[0], name=name),)
