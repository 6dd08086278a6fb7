"""The elements of the graph, defined without Beam."""

from __future__ import annotations

from typing import Any, NamedTuple

from transforms.model.places import Place

# What a run needs to know about earlier runs is in this folder below OUT, see `transforms.dataset.state`. Image loaders
# interpret folders as classes or splits, so a complete local run packs it into one file. Names that begin with the
# folder's name and a dot belong to this program.
RUN_DIR = ".run"
PACKED_PATH = f"{RUN_DIR}.sqlite"
# The report, the only other file that differs from run to run.
REPORT_PATH = "report.html"

# The columns of an image's class: its ID and its name.
LABEL, LABEL_NAME = "label", "label_name"

# A cell of an additional column; None if a sample has no value.
Value = str | int | float | bool | None

# Name -> list, all lists of the same length, such as boxes and their classes; see `annotations.ANNOTATION_FIELDS`.
AnnotationLists = dict[str, list[Any]]

# Nested dictionaries of counts, see `summary.tally`.
Tally = dict[str, Any]


class Shard(NamedTuple):
    """The unit of work: shard `number`, from 0, of the `total` shards of a split."""

    split: str
    number: int
    total: int

    @property
    def name(self) -> str:
        """The name, such as train-00012-of-01743."""
        return f"{self.split}-{self.number:05d}-of-{self.total:05d}"


class Source(NamedTuple):
    """A source image as listed.

    Args:
        key: the path below the input without its extension. With several splits, "SPLIT/" precedes it.
        path: the same with its extension.
        location: the whole path of the file to read: the image itself, or the archive that contains it.
        bytes: its size in bytes.
        version: the modification time of that file, in seconds since 1970.
        place: the place of its bytes in that file; None if it is the whole file.
        orientation: how to turn it, as an EXIF orientation; None to use its own orientation.
        md5: the expected MD5 of its bytes, in Base64; "" for any.
    """

    key: str
    path: str
    location: str
    bytes: int
    version: float
    place: Place = None
    orientation: int | None = None
    md5: str = ""


class MissingRow(NamedTuple):
    """An image that is in the list of images but not in the input: its ID, and its row number in the list."""

    image: str
    row: int


class ManifestRow(NamedTuple):
    """The result of one source at one size. A field with an unknown value is None.

    `source_box` is the part of the source that the output shows, in stored pixels. `output_box` is the part
    of the output that shows it, in the output's pixels. `orientation` is the turn between them, as a value of
    the EXIF tag. These three are the arguments of `boxes.map_box`. `notes` are remarks for the owner of the image,
    see `imaging.errors.Note`. `columns` contains the label and the additional columns by their names; in the manifest,
    they are beside the other fields. `annotations` contains boxes and labels, see `annotations.ANNOTATION_FIELDS`.
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
    columns: dict[str, Value] = {}  # noqa: RUF012  # this default is never changed
    annotations: dict[str, AnnotationLists] = {}  # noqa: RUF012  # this default is never changed


# The fields of every row in the manifest, without those of `columns` and `annotations`.
MANIFEST_FIELDS = ManifestRow._fields[:-2]


class FailureRow(NamedTuple):
    """The failure of one source. `error` is the kind of the error."""

    key: str
    source: str
    stage: str
    error: str
    message: str


class UnmatchedRow(NamedTuple):
    """An image without a row in a table, or a table's row number `row` without an image; see `join.Reason`."""

    table: str
    key: str
    row: int | None
    reason: str


class Columns(NamedTuple):
    """The columns of a dataset that come from labels and tables.

    Args:
        types: name -> type of each column, in order. A type is "string", "int64", "uint64", "float64" or "bool".
        classes: the names of the classes in the order of their IDs, if `label` is a class ID.
        annotations: the names of the annotations, see `annotations.ANNOTATION_FIELDS`.
        categories: class -> name, for the classes of annotations, in the order of their IDs.
    """

    types: dict[str, str] = {}  # noqa: RUF012  # this default is never changed
    classes: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    categories: dict[str, str] = {}  # noqa: RUF012  # this default is never changed


NO_COLUMNS = Columns()


class ArchiveRow(NamedTuple):
    """One archive: its path below OUT, split, image size and number of samples, its size in bytes and its SHA-256."""

    path: str
    split: str
    size: int
    samples: int
    bytes: int
    sha256: str


class StagedFile(NamedTuple):
    """A temporary file in a local OUT: its whole path, and its size in bytes."""

    path: str
    size: int


class StoredFile(NamedTuple):
    """A file to store.

    Args:
        path: its path below OUT.
        data: its content; b"" if `staged` contains it.
        sha256: the SHA-256 of its content in hexadecimal.
        staged: the temporary file to move to `path`; None to write `data`.
    """

    path: str
    data: bytes
    sha256: str
    staged: StagedFile | None = None

    @property
    def size(self) -> int:
        """The size of its content in bytes."""
        return self.staged.size if self.staged else len(self.data)


class OutputImage(NamedTuple):
    """One output: its row, its name in the layout, and its file, which is stored alone or as a member of an archive."""

    row: ManifestRow
    name: str
    file: StoredFile


class ResizedShard(NamedTuple):
    """A shard to commit; or if `committed` is true, a committed shard without its rows and images.

    `seconds` is the thread time that its images took: stage -> seconds.
    """

    shard: Shard
    digest: str
    tally: dict[str, Any]
    rows: tuple[ManifestRow, ...] = ()
    failures: tuple[FailureRow, ...] = ()
    images: tuple[OutputImage, ...] = ()
    attributions: tuple[dict[str, Value], ...] = ()
    unmatched: tuple[UnmatchedRow, ...] = ()
    missing: tuple[MissingRow, ...] = ()
    columns: Columns = NO_COLUMNS
    committed: bool = False
    seconds: dict[str, float] = {}  # noqa: RUF012  # this default is never changed
