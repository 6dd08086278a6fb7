"""The command that recreates a dataset, derived from its settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from transforms.dataset.settings import default_images_per_shard
from transforms.imaging.spec import ResizeSpec, automatic_orientation
from transforms.layouts import DEFAULT_LAYOUT
from transforms.model.config import DEFAULT_SPLIT

_DEFAULTS: Mapping[str, Any] = {
    "sample": "1",
    "layout": DEFAULT_LAYOUT,
    "any_name": False,
    **{name: field.default for name, field in ResizeSpec.__dataclass_fields__.items()},
}
# Settings that record that a file was used.
_FILES = ("columns", "attribution", "image_list", "boxes", "image_labels", "class_names", "class_hierarchy")
# Settings that `command_of` handles individually, or that have no flag.
_SPECIAL = frozenset({"split", "size", "versions", "images_per_shard", *_FILES})


def command_of(settings: Mapping[str, Any]) -> str:
    """Return a command that creates the same bytes from the same sources, with all flags that differ from defaults.

    Placeholders are the names of the splits for several inputs, IN for a single input, OUT for the output folder, and
    FILE for tables. Flags that do not affect the bytes, such as -j, are omitted.

    Args:
        settings: see `dataset.settings`.
    """
    inputs = settings["split"] if len(settings["split"]) > 1 else ["IN"]
    words = ["python", "image_resizer.py", "-i", *inputs, "-o", "OUT", "-s", *map(str, settings["size"])]
    words += ["--split", *settings["split"]] if inputs == ["IN"] and settings["split"] != [DEFAULT_SPLIT] else []
    defaults = {**_DEFAULTS, "orientation": automatic_orientation(settings.get("exact", False))}
    for name, value in settings.items():
        if name not in _SPECIAL and value != defaults.get(name):
            values = [] if value is True else map(str, value) if isinstance(value, list) else [str(value)]
            words += [f"--{name}", *values]
    if settings["images_per_shard"] != default_images_per_shard(settings["layout"]):
        words += ["--images_per_shard", str(settings["images_per_shard"])]
    for file in _FILES:
        words += [f"--{file}", "FILE"] if file in settings else []
    return shlex.join(words)
