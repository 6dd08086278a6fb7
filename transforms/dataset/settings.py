"""The settings that decide a dataset's bytes, and the versions of the libraries that do."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import Any

from transforms.imaging.spec import library_versions
from transforms.layouts import LAYOUTS
from transforms.model.config import ResizeConfig


def settings(config: ResizeConfig) -> dict[str, Any]:
    """What decides the bytes of a dataset besides its sources, as JSON; names are those of the flags."""
    spec = dataclasses.asdict(config.spec)
    return {
        "split": [split.name for split in config.splits],
        "size": list(spec.pop("sizes")),
        "layout": config.layout,
        "images_per_shard": config.images_per_shard,
        "sample": config.sample,
        "any_name": config.any_name,
        **{name: value for name, value in _joined(config).items() if value},
        **spec,
        "versions": versions(config),
    }


def _joined(config: ResizeConfig) -> dict[str, str]:
    """What the samples get from elsewhere; where a table lies changes nothing, and its rows are a shard's sources."""
    return {"label_from": config.label_from, **dict.fromkeys(config.tables, "given")}


def versions(config: ResizeConfig) -> dict[str, str]:
    """Versions of everything that decides a dataset's bytes."""
    libraries = LAYOUTS[config.layout].libraries
    return {**library_versions(config.spec), **{name: importlib.metadata.version(name) for name in libraries}}


def default_images_per_shard(layout: str) -> int:
    """How many images a shard of a layout is meant to hold where nothing else is said."""
    return LAYOUTS[layout].images_per_shard
