"""Why an image has no output: the kinds of failure, and the errors that carry them."""

from __future__ import annotations

import enum


class Stage(enum.StrEnum):
    """A step in processing an image. An error names the step in which it occurred."""

    READ = "read"
    DECODE = "decode"
    RESIZE = "resize"
    ENCODE = "encode"
    NAME = "name"


class Kind(enum.StrEnum):
    """What was wrong with an image. The values appear in the manifest, the failures file and the counters."""

    UNREADABLE = "unreadable"
    NOT_FOUND = "not-found"
    REFUSED = "refused"
    FILE_TOO_LARGE = "file-too-large"
    HASH_DIFFERS = "hash-differs"
    EMPTY_FILE = "empty-file"
    NOT_AN_IMAGE = "not-an-image"
    NOT_AN_ARCHIVE = "not-an-archive"
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


# Failures that the next run retries: another attempt or machine may succeed. Every other failure persists until the
# source changes or --retry_failed is used.
RETRIED_KINDS = frozenset({Kind.UNREADABLE, Kind.TOO_LARGE, Kind.OUT_OF_MEMORY})


class Skip(enum.StrEnum):
    """The filter that excluded a valid image."""

    SAMPLE = "sample"
    MIN_SIDE = "min-side"
    MAX_ASPECT = "max-aspect"
    NOT_LISTED = "not-listed"
    NOT_SELECTED = "not-selected"
    LIMIT = "limit"


class Note(enum.StrEnum):
    """A remark for the owner of a written image. The values appear in the manifest and the summary."""

    EXIF_ORIENTATION = "exif-orientation"
    ICC_PROFILE = "icc-profile"
    ICC_UNUSABLE = "icc-unusable"
    CICP = "cicp"
    CICP_UNUSABLE = "cicp-unusable"
    METADATA_DROPPED = "metadata-dropped"
    FULLY_TRANSPARENT = "fully-transparent"
    TRANSPARENCY_IGNORED = "transparency-ignored"
    FLOAT_CLIPPED = "float-clipped"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    UNCHECKED = "unchecked"
    KEPT = "kept"


class SkippedError(Exception):
    """A filter excludes an image. The image gets a row in the manifest with the reason.

    Args:
        reason: the filter.
    """

    def __init__(self, reason: Skip) -> None:
        super().__init__(reason)
        self.reason = reason


class ImageError(Exception):
    """An image has no output. The image gets a row in the failures file, and the run continues.

    Args:
        kind: the kind of failure.
        stage: the step in which it occurred.
        message: one sentence for the owner of the image.
    """

    def __init__(self, kind: Kind, stage: Stage, message: str) -> None:
        super().__init__(kind, stage, message)  # all three, so that the error can be pickled
        self.kind = kind
        self.stage = stage
        self.message = message

    def __str__(self) -> str:
        return self.message


class PillowVersionError(Exception):
    """The installed Pillow lacks an interface that the core uses. The message names it and the version to install.

    The error is not specific to an image, so it is not an `ImageError`.
    """
