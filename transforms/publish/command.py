"""The command that makes a dataset, from its settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from transforms.dataset.settings import default_images_per_shard
from transforms.imaging.spec import ResizeSpec

_USUAL: Mapping[str, Any] = {
    "sample": "1",
    "layout": "files",
    "any_name": False,
    **{name: field.default for name, field in ResizeSpec.__dataclass_fields__.items()},
}
# What stands elsewhere in the command, or is no flag.
_APART = frozenset({"split", "size", "versions", "columns", "attribution", "images_per_shard"})


def command_of(settings: Mapping[str, Any]) -> str:
    """A command that makes the same bytes of the same sources: the flags that are not at their default.

    Inputs go by the names of their splits, OUT by that name; what changes no byte, such as -j, is left out.

    Args:
        settings: see `config.settings`.
    """
    words = ["python", "image_resizer.py", "-i", *settings["split"], "-o", "OUT", "-s", *map(str, settings["size"])]
    for name, value in settings.items():
        if name not in _APART and value != _USUAL.get(name):
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    if settings["images_per_shard"] != default_images_per_shard(settings["layout"]):
        words += ["--images_per_shard", str(settings["images_per_shard"])]
    for table in ("columns", "attribution"):
        words += [f"--{table}", "FILE"] if table in settings else []
    return shlex.join(words)
