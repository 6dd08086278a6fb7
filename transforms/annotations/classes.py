"""The classes of Open Images: their names, and the classes that a user names."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from transforms.model.errors import RunError

# A class as Open Images identifies it: a MID of Freebase or of Google's Knowledge Graph.
_MID = re.compile(r"/[a-z]/[0-9a-z_]+")

_FORM = "a file with the columns LabelName and DisplayName"


def read_class_names(data: bytes, where: str) -> dict[str, str]:
    """Return class -> display name, from the content of Open Images' class descriptions, with or without a header.

    Args:
        data: CSV in UTF-8.
        where: the flag and the file, for messages.

    Raises:
        RunError: the content is not such a file, or one class has two names.
    """
    names: dict[str, str] = {}
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        for number, row in enumerate(rows, 1):
            if not row or (number == 1 and row[0] == "LabelName"):
                continue
            if len(row) != 2 or not _MID.fullmatch(row[0]):
                raise RunError(f"{where} has {','.join(row)!r} in line {rows.line_num}: use {_FORM}")
            if names.setdefault(row[0], row[1]) != row[1]:
                raise RunError(
                    f"{where} names {row[0]} twice, {names[row[0]]!r} and {row[1]!r}: delete one of the lines"
                )
    except (UnicodeDecodeError, csv.Error) as error:
        raise RunError(f"{where} cannot be read as a table: {error}; use {_FORM}") from error
    if not names:
        raise RunError(f"{where} does not name any classes: use {_FORM}")
    return names


def unique_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return class -> unique display name. Dataset readers reject a name that two classes share.

    Args:
        names: class -> name. The class is appended to a name that several classes share, such as Jaguar, and replaces
            an empty name.
    """
    numbers = Counter(names.values())
    return {
        class_: name if name.strip() and numbers[name] == 1 else f"{name} ({class_})" if name.strip() else class_
        for class_, name in names.items()
    }


def find_classes(typed: Iterable[str], names: Mapping[str, str], flag: str) -> tuple[str, ...]:
    """Return the classes that a user names, sorted and without duplicates.

    Args:
        typed: MIDs or display names. Case, "_" instead of a space, and singular or plural do not matter.
        names: class -> display name.
        flag: the flag, for messages.

    Raises:
        RunError: a name matches no class, or several.
    """
    by_form: dict[str, set[str]] = defaultdict(set)
    for class_, name in names.items():
        by_form[_form(name)].add(class_)
    return tuple(sorted({_find(name, by_form, names, flag) for name in typed}))


def _find(typed: str, by_form: Mapping[str, set[str]], names: Mapping[str, str], flag: str) -> str:
    if not typed.strip():
        raise RunError(f"{flag} {typed!r} is empty: use the name of a class, or a class such as /m/01yrx")
    if _MID.fullmatch(class_ := typed.strip().lower()):
        if names and class_ not in names:
            near = difflib.get_close_matches(class_, names, 1, 0.8)
            advice = f"did you mean {near[0]} ({names[near[0]]})?" if near else "use a class that is"
            raise RunError(f"{flag} {typed!r} is not in --class_names: {advice}")
        return class_
    if not names:
        raise RunError(f"{flag} {typed!r} is a name: add --class_names, or use a class such as /m/01yrx")
    found = _candidates(typed, by_form)
    if not found:
        form = _form(typed)
        holding = sorted(other for other in by_form if {*form.split()} <= {*other.split()})
        near = holding or difflib.get_close_matches(form, by_form, 1, 0.6)
        nearest = names[min(by_form[near[0]])] if near else ""
        advice = f"did you mean {nearest!r}?" if nearest else "use a name from --class_names"
        raise RunError(f"{flag} {typed!r} is not a class: {advice}")
    if len(found) > 1:
        raise RunError(f"{flag} {typed!r} is the name of {' and '.join(sorted(found))}: use one of these instead")
    (class_,) = found
    return class_


def _candidates(typed: str, by_form: Mapping[str, set[str]]) -> set[str]:
    """Return the classes with exactly this name, or else those with its singular or plural."""
    form = _form(typed)
    if form in by_form:
        return by_form[form]
    singulars = _singulars(form)
    return {class_ for other, classes in by_form.items() if singulars & _singulars(other) for class_ in classes}


def _form(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())


def _singulars(form: str) -> set[str]:
    """Return an English noun and its possible singulars."""
    endings = (("s", ""), ("es", ""), ("ies", "y"))
    return {form, *(form.removesuffix(ending) + other for ending, other in endings if form.endswith(ending))}
