"""Defaults of flags: those of the settings that the flags set, and those that depend on the runner."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from transforms.imaging.spec import ResizeSpec
from transforms.model.config import CardText, ListColumns, ResizeConfig, WebPolicy

# A runner starts a process for each core. The next image is read while its worker makes one.
REMOTE_PROCESSES = 1

# About 150 s of a vCPU for photographs of 1024 px, and 240 MB of outputs at 512 px: the fixed cost of a shard
# is small beside that, and the last shards do not hold up the job.
DATAFLOW_IMAGES_PER_SHARD = 4000

# Images that --estimate resizes: 200 put the size of the output within about 10 %.
ESTIMATE_IMAGES = 200

# Images between two progress lines in the log.
LOG_EVERY = 1000

# Field -> its default, for every field that a flag may set by its own name.
SETTINGS: Mapping[str, Any] = {
    field.name: field.default
    for owner in (ResizeSpec, ResizeConfig, CardText, ListColumns, WebPolicy)
    for field in dataclasses.fields(owner)
    if field.default is not dataclasses.MISSING
}
