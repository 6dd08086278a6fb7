"""What flows through the graph. No Beam."""

from __future__ import annotations

from typing import Any, NamedTuple

# Where a dataset keeps what is not data, below OUT.
RUN_DIR = "_run"
# The page that tells of it: the one file outside of `RUN_DIR` that differs from run to run.
REPORT_PATH = "report.html"

# The column that has a class's id, and the one that has its name.
LABEL, LABEL_NAME = "label", "label_name"

# What a further column holds; None where a sample has no value.
Value = str | int | float | bool | None

# Counts, and dictionaries of them, which add up.
Tally = dict[str, Any]


class Shard(NamedTuple):
    """The unit of work: `number`, from 0, of the `total` shards of a split."""

    split: str
    number: int
    total: int

    @property
    def name(self) -> str:
        """Such as train-00012-of-01743."""
        return f"{self.split}-{self.number:05d}-of-{self.total:05d}"


class Source(NamedTuple):
    """A source image as it was listed.

    Args:
        key: the path below the input without extension, after the split where there are several.
        path: the path below the input with extension, after the split where there are several.
        location: the whole path, to read it by.
        bytes: its size.
        version: when it was last changed, in seconds since 1970.
    """

    key: str
    path: str
    location: str
    bytes: int
    version: float


class ManifestRow(NamedTuple):
    """What became of one source at one size. What is not known is None.

    `source_box` is the part of the source that the output shows, in stored pixels; `output_box` where it
    shows it, in the output's; `orientation` how it was turned for that, as an EXIF tag. `boxes.map_box`
    takes these three. `notes` are what its owner should know of, see `imaging.errors.Note`. `columns` are
    the label and the further columns, by their names, which stand beside these in the manifest.
    """

    key: str
    source: str
    source_bytes: int | None
    source_sha256: str | None
    source_format: str | None
    source_mode: str | None
    source_width: int | None
    source_height: int | None
    size: int
    path: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    orientation: int | None = None
    source_box: tuple[float, float, float, float] | None = None
    output_box: tuple[int, int, int, int] | None = None
    status: str = "failed"
    reason: str | None = None
    notes: tuple[str, ...] = ()
    columns: dict[str, Value] = {}  # noqa: RUF012  # a default that nobody changes


# Those that each row has; `columns`, the last one, stand beside them.
MANIFEST_FIELDS = ManifestRow._fields[:-1]


class FailureRow(NamedTuple):
    """Why one source failed; `error` is its kind."""

    key: str
    source: str
    stage: str
    error: str
    message: str


class UnmatchedRow(NamedTuple):
    """An image without a row in a table, or a row of it, by its number, without an image; see `join.Reason`."""

    table: str
    key: str
    row: int | None
    reason: str


class Columns(NamedTuple):
    """What the samples of a dataset have beside their images' own numbers.

    Args:
        types: the name of each column, in order, -> "string", "int64", "uint64", "float64" or "bool".
        classes: the names of the classes, in the order of their ids, where `label` is such an id.
    """

    types: dict[str, str] = {}  # noqa: RUF012  # a default that nobody changes
    classes: tuple[str, ...] = ()


NO_COLUMNS = Columns()


class ArchiveRow(NamedTuple):
    """One archive: its path below OUT, what it holds, its bytes and their SHA-256."""

    path: str
    split: str
    size: int
    samples: int
    bytes: int
    sha256: str


class StoredFile(NamedTuple):
    """A file of the dataset: its path below OUT, its bytes and their SHA-256 in hexadecimal."""

    path: str
    data: bytes
    sha256: str


class OutputImage(NamedTuple):
    """One output: its row, the name it goes by in its layout, and its file, alone or as an archive's member."""

    row: ManifestRow
    name: str
    file: StoredFile


class ResizedShard(NamedTuple):
    """A shard, ready to be committed; or, with `committed`, one that is already, without rows or images."""

    shard: Shard
    digest: str
    tally: dict[str, Any]
    rows: tuple[ManifestRow, ...] = ()
    failures: tuple[FailureRow, ...] = ()
    images: tuple[OutputImage, ...] = ()
    attributions: tuple[dict[str, Value], ...] = ()
    unmatched: tuple[UnmatchedRow, ...] = ()
    columns: Columns = NO_COLUMNS
    committed: bool = False
