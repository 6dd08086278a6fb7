"""The command that makes a dataset, from the settings of the dataset."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from transforms.dataset.settings import default_images_per_shard
from transforms.imaging.spec import ResizeSpec
from transforms.layouts import DEFAULT_LAYOUT

_DEFAULTS: Mapping[str, Any] = {
    "sample": "1",
    "layout": DEFAULT_LAYOUT,
    "any_name": False,
    **{name: field.default for name, field in ResizeSpec.__dataclass_fields__.items()},
}
# Settings that `command_of` handles one by one, or that no flag sets.
_SPECIAL = frozenset({"split", "size", "versions", "columns", "attribution", "images_per_shard"})


def command_of(settings: Mapping[str, Any]) -> str:
    """Return a command that makes the same bytes from the same sources, with the flags that are not at their defaults.

    The names of the splits stand for the inputs, and OUT for the output folder. Flags that change no byte, such as
    -j, are left out.

    Args:
        settings: see `dataset.settings`.
    """
    words = ["python", "image_resizer.py", "-i", *settings["split"], "-o", "OUT", "-s", *map(str, settings["size"])]
    for name, value in settings.items():
        if name not in _SPECIAL and value != _DEFAULTS.get(name):
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    if settings["images_per_shard"] != default_images_per_shard(settings["layout"]):
        words += ["--images_per_shard", str(settings["images_per_shard"])]
    for table in ("columns", "attribution"):
        words += [f"--{table}", "FILE"] if table in settings else []
    return shlex.join(words)
