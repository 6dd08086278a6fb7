"""The settings and library versions that determine the bytes of a dataset."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import Any

from transforms.imaging.spec import library_versions
from transforms.layouts import LAYOUTS
from transforms.model.config import ResizeConfig

# The value of a setting that says only that a file was given.
GIVEN = "given"


def settings(config: ResizeConfig) -> dict[str, Any]:
    """Return all settings that, with the sources, determine the bytes of a dataset: flag -> JSON value."""
    spec = dataclasses.asdict(config.spec)
    return {
        "split": [split.name for split in config.splits],
        "size": list(spec.pop("sizes")),
        "layout": config.layout,
        "images_per_shard": config.images_per_shard,
        "sample": config.sample,
        "any_name": config.any_name,
        **{name: value for name, value in {**_labels_and_tables(config), **_annotations(config)}.items() if value},
        **{name: value for name, value in dataclasses.asdict(config.list_columns).items() if value},
        **spec,
        "versions": versions(config),
    }


def _labels_and_tables(config: ResizeConfig) -> dict[str, str]:
    """Return which labels and tables are used.

    The location of a table does not affect any bytes, and the digests of the shards cover its rows.
    """
    return {"label_from": config.label_from, **dict.fromkeys(config.tables, GIVEN)}


def _annotations(config: ResizeConfig) -> dict[str, Any]:
    """Return the settings of annotations. The digests of the shards cover the contents of the files."""
    annotations = config.annotations
    if annotations is None:
        return {}
    return {
        **dict.fromkeys(sorted(annotations.tables), GIVEN),
        "class_names": GIVEN if annotations.names else "",
        "class_hierarchy": GIVEN if annotations.ancestors else "",
        "classes": list(annotations.classes),
        "exclude_classes": list(annotations.excluded),
        "only_classes": annotations.only_classes,
        "box_filter": " ".join(map(str, annotations.rules)),
        "min_visible": annotations.min_visible,
        "max_per_class": annotations.max_per_class,
        "max_images": annotations.max_images,
        "rotation": "apply" if annotations.rotates else "",
        "verify_md5": annotations.verifies_md5,
        "annotations": list(annotations.formats),
    }


def versions(config: ResizeConfig) -> dict[str, str]:
    """Return the versions of the libraries that affect the bytes of a dataset, by their names."""
    libraries = LAYOUTS[config.layout].libraries
    return {**library_versions(config.spec), **{name: importlib.metadata.version(name) for name in libraries}}


def default_images_per_shard(layout: str) -> int:
    """Return the default of --images_per_shard for a layout."""
    return LAYOUTS[layout].images_per_shard
