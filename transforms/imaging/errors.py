"""Why an image could not be made: the kinds of failure and the one error that carries them."""

from __future__ import annotations

import enum


class Stage(enum.StrEnum):
    """Where in an image's way through the program it failed."""

    READ = "read"
    DECODE = "decode"
    RESIZE = "resize"
    ENCODE = "encode"
    NAME = "name"


class Kind(enum.StrEnum):
    """What was wrong. The values stand in the manifest, the failures file and the counters."""

    UNREADABLE = "unreadable"
    EMPTY_FILE = "empty-file"
    NOT_AN_IMAGE = "not-an-image"
    UNSUPPORTED_FORMAT = "unsupported-format"
    UNSUPPORTED_DEPTH = "unsupported-depth"
    UNSUPPORTED_CODING = "unsupported-coding"
    TOO_MANY_PIXELS = "too-many-pixels"
    METADATA_TOO_LARGE = "metadata-too-large"
    TOO_LARGE = "too-large"
    OUT_OF_MEMORY = "out-of-memory"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    CRASHED = "crashed"
    OUTPUT_TOO_LARGE = "output-too-large"
    NOT_ENCODED = "not-encoded"
    NAME_TAKEN = "name-taken"
    NAME_TOO_LONG = "name-too-long"
    NAME_UNUSABLE = "name-unusable"


# What another try, or another machine, may well do better. Every other kind is decided by the bytes.
RETRIED_KINDS = frozenset({Kind.UNREADABLE, Kind.TOO_LARGE, Kind.OUT_OF_MEMORY})


class Skip(enum.StrEnum):
    """Why an image is left out although nothing is wrong with it: the filter that did not take it."""

    SAMPLE = "sample"
    MIN_SIDE = "min-side"
    MAX_ASPECT = "max-aspect"


class Note(enum.StrEnum):
    """What the owner of an image that was made should know. The values stand in the manifest and the summary."""

    EXIF_ORIENTATION = "exif-orientation"
    ICC_PROFILE = "icc-profile"
    ICC_UNUSABLE = "icc-unusable"
    TRANSPARENCY_IGNORED = "transparency-ignored"
    FLOAT_CLIPPED = "float-clipped"
    TRUNCATED = "truncated"
    UNCHECKED = "unchecked"


class SkippedError(Exception):
    """One image was not wanted. It becomes a row of the manifest, with the reason.

    Args:
        reason: which filter left it out.
    """

    def __init__(self, reason: Skip) -> None:
        super().__init__(reason)
        self.reason = reason


class ImageError(Exception):
    """One image cannot be made. It becomes a row of the failures file; the run goes on.

    Args:
        kind: what was wrong.
        stage: where it was noticed.
        message: one sentence for the person who owns the image.
    """

    def __init__(self, kind: Kind, stage: Stage, message: str) -> None:
        super().__init__(kind, stage, message)  # all of them, so that it can be pickled
        self.kind = kind
        self.stage = stage
        self.message = message

    def __str__(self) -> str:
        return self.message
