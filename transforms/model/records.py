"""The elements of the graph. Without Beam."""

from __future__ import annotations

from typing import Any, NamedTuple

from transforms.model.places import Place

# What a run must know of earlier ones lies in this folder below OUT, see `transforms.dataset.state`. Loaders of
# images take a folder for a class or a split, so a local run that is complete packs it into one file. Names that begin
# with the folder's and a dot are the program's own.
RUN_DIR = ".run"
PACKED_PATH = f"{RUN_DIR}.sqlite"
# The report, the only file that differs from run to run, apart from these.
REPORT_PATH = "report.html"

# The columns of an image's class: its id and its name.
LABEL, LABEL_NAME = "label", "label_name"

# A cell of a further column; None if a sample has no value there.
Value = str | int | float | bool | None

# Lists of the same length by their names, such as boxes and their classes; see `annotations.ANNOTATION_FIELDS`.
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
    """A source image as it was listed.

    Args:
        key: the path below the input without its extension; if there are several splits, "SPLIT/" is before it.
        path: the same with its extension.
        location: the whole path of the file to read: its own, or that of the archive which holds it.
        bytes: its size.
        version: the time of the last change of that file, in seconds since 1970.
        place: where its bytes lie in that file; None if it is the whole file.
        orientation: how to turn it, as an EXIF orientation; None to do as its own says.
        md5: that its bytes must have, in Base64; "" for any.
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
    """An image of the list of images that the input lacks: its ID, and the number of its row."""

    image: str
    row: int


class ManifestRow(NamedTuple):
    """The result of one source at one size. A field whose value is not known is None.

    `source_box` is the part of the source that the output shows, in stored pixels. `output_box` is the part
    of the output that shows it, in the output's pixels. `orientation` is the turn between them, as a value of
    the EXIF tag. `boxes.map_box` takes these three. `notes` are remarks for the owner of the image, see
    `imaging.errors.Note`. `columns` holds the label and the further columns by their names; the manifest has
    them beside the other fields. `annotations` holds boxes and labels, see `annotations.ANNOTATION_FIELDS`.
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


# The fields of every row. Those of `columns` and `annotations` stand beside them.
MANIFEST_FIELDS = ManifestRow._fields[:-2]


class FailureRow(NamedTuple):
    """The failure of one source; `error` is the kind of its error."""

    key: str
    source: str
    stage: str
    error: str
    message: str


class UnmatchedRow(NamedTuple):
    """An image without a row in a table, or row number `row` of a table without an image; see `join.Reason`."""

    table: str
    key: str
    row: int | None
    reason: str


class Columns(NamedTuple):
    """The columns of a dataset that come from labels and tables.

    Args:
        types: name -> type of each column, in order. A type is "string", "int64", "uint64", "float64" or "bool".
        classes: the names of the classes in the order of their ids, if `label` is such an id.
        annotations: the names of the annotations, see `annotations.ANNOTATION_FIELDS`.
        categories: class -> name of the classes of annotations, in the order of their ids.
    """

    types: dict[str, str] = {}  # noqa: RUF012  # this default is never changed
    classes: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    categories: dict[str, str] = {}  # noqa: RUF012  # this default is never changed


NO_COLUMNS = Columns()


class ArchiveRow(NamedTuple):
    """One archive: its path below OUT, its split, size and number of samples, its bytes and their SHA-256."""

    path: str
    split: str
    size: int
    samples: int
    bytes: int
    sha256: str


class StagedFile(NamedTuple):
    """A temporary file of a local OUT: its whole path, and its size in bytes."""

    path: str
    size: int


class StoredFile(NamedTuple):
    """A file to store.

    Args:
        path: its path below OUT.
        data: its content; b"" if `staged` has it.
        sha256: the SHA-256 of its content in hexadecimal.
        staged: the temporary file that is to be moved to `path`; None to write `data`.
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
    """A shard to commit; or one that is `committed` already, without its rows and images.

    `seconds` is the thread time that its images took, by stage.
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
