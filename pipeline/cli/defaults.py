"""Defaults of flags: those of the settings, and those that depend on the runner."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from transforms.imaging.spec import ResizeSpec
from transforms.model.config import CardText, ListColumns, ResizeConfig, WebPolicy

# The runner starts a process for each core. It reads the next image while its worker processes the current one.
REMOTE_PROCESSES = 1

# A shard takes about 150 s of a vCPU for photographs of 1024 px, and 240 MB of outputs at 512 px: its fixed cost is
# small in comparison, and the last shards do not delay the end of the job.
DATAFLOW_IMAGES_PER_SHARD = 4000

# The number of images that --estimate resizes: 200 images estimate the output size to within about 10 %.
ESTIMATE_IMAGES = 200

# The number of images between two progress lines in the log.
LOG_EVERY = 1000

# Field -> its default, for every field that has a flag of the same name.
SETTINGS: Mapping[str, Any] = {
    field.name: field.default
    for owner in (ResizeSpec, ResizeConfig, CardText, ListColumns, WebPolicy)
    for field in dataclasses.fields(owner)
    if field.default is not dataclasses.MISSING
}
