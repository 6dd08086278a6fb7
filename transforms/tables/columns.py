"""The labels and additional columns of a dataset, from the folders of its images and from a table."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Collection, Mapping

from transforms.layouts import LAYOUTS
from transforms.model.cell_types import as_type, is_rounded, kind_of, type_of
from transforms.model.config import COLUMNS, ResizeConfig
from transforms.model.errors import RunError
from transforms.model.json_lines import utf8_text
from transforms.model.records import LABEL, LABEL_NAME, Columns, Tally, Value
from transforms.tables.readers import Row

# More classes than any real dataset has: a column `label` with more names contains something else, such as captions.
_MOST_CLASSES = 100_000


class Profile:
    """Counts the rows of a table, the kinds of cells in each column, and the names of labels."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._rows = 0
        self._kinds: dict[str, Counter[str]] = {}
        self._labels: Counter[str] = Counter()

    def add(self, row: Row) -> None:
        """Count one more row."""
        self._rows += 1
        if self._table == COLUMNS:
            self.add_cells(row.cells)

    def add_cells(self, cells: Mapping[str, Value]) -> None:
        """Count the additional columns of one more row."""
        for name, cell in cells.items():
            self._kinds.setdefault(name, Counter())[kind_of(cell)] += 1
        if cells.get(LABEL) is not None and len(self._labels) <= _MOST_CLASSES:
            self._labels[str(as_type(cells[LABEL], "string"))] += 1

    def columns(self) -> Tally:
        """Return the kinds of cells in each column, and the names of labels, so far."""
        kinds = {name: dict(counts) for name, counts in self._kinds.items()}
        return {"kinds": kinds, "labels": dict(self._labels)}

    def tally(self) -> Tally:
        """Return the tally of the rows so far."""
        return {"tables": {self._table: {"rows": self._rows, **self.columns()}}}


def folder_class(path: str) -> str | None:
    """Return the image's class: the last folder of its path relative to the input. None for a file directly in it.

    The class is valid UTF-8, since the coders of runners accept nothing else.
    """
    return utf8_text(posixpath.basename(posixpath.dirname(path))) or None


def class_of(path: str, config: ResizeConfig) -> str | None:
    """Return the class of a source by its folder; None if it has none, or if folders are not classes.

    Args:
        path: the path of the source relative to the input; it begins with the split if there are several.
        config: the dataset.
    """
    if not config.label_from:
        return None
    return folder_class(path.partition("/")[2] if len(config.splits) > 1 else path)


def columns_of(listing: Tally, config: ResizeConfig, unwritten: Collection[str] = ()) -> Columns:
    """Return the columns of a dataset.

    Args:
        listing: the tally of the listed inputs and of the tables.
        config: the dataset.
        unwritten: folders that are not classes, because none of their images was written.

    Raises:
        RunError: a column comes from two places, or labels are neither names nor integers.
    """
    table, listed = listing.get("tables", {}).get(COLUMNS, {}), listing.get("lists", {})
    where = f"--columns {config.columns!r}" if LABEL in table.get("kinds", {}) else "the list of -i"
    for name in listed.get("kinds", {}).keys() & table.get("kinds", {}).keys():
        raise RunError(f"--columns {config.columns!r} and the list of -i both have a column {name!r}: rename one")
    wide_floats = LAYOUTS[config.layout].wide_floats
    types = {name: type_of(kinds, wide_floats) for name, kinds in _kinds(listing).items()}
    if config.label_from:
        if LABEL in types:
            raise RunError(f"--label_from {config.label_from} and {where} both provide 'label': use only one")
        return _with_classes(types, {*listing.get("classes", {})} - {*unwritten})
    if types.get(LABEL) in ("string", "uint64"):  # loaders do not accept classes above int64
        return _with_classes(types, {*table.get("labels", {}), *listed.get("labels", {})})
    if types.get(LABEL, "int64") != "int64":
        raise RunError(f"{where} has {types[LABEL]} in its column 'label': use names or whole numbers")
    return Columns(types)


def _kinds(listing: Tally) -> dict[str, dict[str, int]]:
    """Return column -> the kinds of its cells, for the columns of the lists and of the table of columns."""
    table, listed = listing.get("tables", {}).get(COLUMNS, {}), listing.get("lists", {})
    return {**listed.get("kinds", {}), **table.get("kinds", {})}


def _with_classes(types: Mapping[str, str], classes: Collection[str]) -> Columns:
    if len(classes) > _MOST_CLASSES:
        raise RunError(
            f"the column 'label' has more than {_MOST_CLASSES:,} different values: if they are not classes, rename the "
            "column, for example to caption"
        )
    return Columns({**types, LABEL: "int64", LABEL_NAME: "string"}, tuple(sorted(classes)))


def rounded_columns(listing: Tally, columns: Columns) -> dict[str, int]:
    """Return column -> how many of its numbers have more digits than a float64 holds, for columns that have any."""
    kinds = _kinds(listing)
    floats = {name: kinds[name] for name, kind in columns.types.items() if kind == "float64" and name in kinds}
    counts = {
        name: sum(number for kind, number in counts.items() if is_rounded(kind)) for name, counts in floats.items()
    }
    return {name: number for name, number in counts.items() if number}


class ColumnValues:
    """Converts the cells of samples to values of the dataset's columns."""

    def __init__(self, columns: Columns) -> None:
        self._types = columns.types
        self._ids = {name: number for number, name in enumerate(columns.classes)}

    def of_sample(self, cells: Mapping[str, Value], folder: str | None) -> dict[str, Value]:
        """Return a sample's value in each column.

        Args:
            cells: the sample's row in the table of columns; empty if it has none.
            folder: the sample's class by its folder; None if it has none, or if folders are not classes.
        """
        if LABEL_NAME in self._types:
            label = cells.get(LABEL) if folder is None else folder
            name = None if label is None else str(as_type(label, "string"))
            name = name if name in self._ids else None
            cells = {**cells, LABEL_NAME: name, LABEL: None if name is None else self._ids[name]}
        return {name: as_type(cells.get(name), kind) for name, kind in self._types.items()}
