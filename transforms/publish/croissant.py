"""croissant.json: machine-readable metadata in MLCommons' Croissant 1.0, https://docs.mlcommons.org/croissant.

A record set is one split at one size. Its images are matched by patterns below the folder of croissant.json, or are in
archives there. Readers of Croissant read neither TFRecord nor WebP nor AVIF.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from transforms.layouts.archive import LIST_FIELDS, sample_types
from transforms.layouts.layout import Croissant
from transforms.model.records import ArchiveRow
from transforms.publish.facts import DatasetFacts, SplitFacts

# Extension -> media type, for the formats that readers of Croissant can decode.
_FORMATS = {"jpg": "image/jpeg", "png": "image/png"}
# Type of a column -> Croissant's type of a field.
_TYPES = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "float64": "sc:Float",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "uint64": "sc:Integer",
}

# Terms of the namespace `cr`.
_TERMS = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _TERMS},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def croissant(facts: DatasetFacts) -> str | None:
    """Return the content of croissant.json; None if readers of Croissant cannot read the images."""
    if facts.layout.croissant is None or not set(facts.extensions) <= set(_FORMATS):
        return None
    # Omit splits without images: a file set must have a pattern, and patterns are derived from images.
    subsets = [(size, split) for size in facts.sizes for split in facts.splits_with_images(size)]
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": facts.name,
        "description": f"{facts.images['written']:,} images, resized; see README.md.",
        **({"license": facts.license} if facts.license else {}),
        **({"citeAs": facts.citation} if facts.citation else {}),
        "distribution": [
            resource for size, split in subsets for resource in _resources(size, split, facts, facts.layout.croissant)
        ],
        "recordSet": [_record_set(size, split, facts, facts.layout.croissant) for size, split in subsets],
    }
    return json.dumps(described, ensure_ascii=False, indent=1) + "\n"


def _resources(size: int, split: SplitFacts, facts: DatasetFacts, described: Croissant) -> Iterator[dict[str, Any]]:
    """Yield the archives of one split at one size, then the file set of its images."""
    archives = facts.archives_of(size, split)
    yield from (_file_object(archive, described) for archive in archives)
    extensions = split.outputs[size].extensions
    file_set = {"@type": "cr:FileSet", "@id": _file_set_id(size, split)}
    formats = [_FORMATS[extension] for extension in extensions]
    if described.is_table:
        includes = [archive.path for archive in archives]
        yield {**file_set, "encodingFormat": described.archive_format, "includes": includes}
    elif archives:
        inside = [{"@id": archive.path} for archive in archives]
        includes = [f"*.{extension}" for extension in extensions]
        yield {**file_set, "containedIn": inside, "encodingFormat": formats, "includes": includes}
    else:
        includes = [f"{facts.folder(size, split)}*.{extension}" for extension in extensions]
        yield {**file_set, "encodingFormat": formats, "includes": includes}


def _file_object(archive: ArchiveRow, described: Croissant) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": archive.path,
        "name": archive.path,
        "contentUrl": archive.path,
        "contentSize": f"{archive.bytes} B",
        "encodingFormat": described.archive_format,
        "sha256": archive.sha256,
    }


def _file_set_id(size: int, split: SplitFacts) -> str:
    return f"files-{size}-{split.word}"


def _record_set(size: int, split: SplitFacts, facts: DatasetFacts, described: Croissant) -> dict[str, Any]:
    name = f"{size}-{split.word}"
    source = {"fileSet": {"@id": _file_set_id(size, split)}}
    fields = _columns(facts) if described.is_table else _files()
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "description": f"The images of {split.name} at {size} px.",
        "field": [
            {"@type": "cr:Field", "@id": f"{name}/{field}", "dataType": kind, "source": {**source, **extraction}}
            for field, (kind, extraction) in zip(_ids(fields), fields.values(), strict=True)
        ],
    }


def _ids(names: Iterable[str]) -> list[str]:
    """Return an identifier for each name. Readers refuse whitespace in one, and resolve `.` and `..` as in a path."""
    identifiers: list[str] = []
    for name in names:
        identifier = re.sub(r"\W", "_", name)
        while identifier in identifiers:
            identifier += "_"
        identifiers.append(identifier)
    return identifiers


def _files() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the fields of records that are files: name -> (type, what readers extract)."""
    return {
        "image": ("sc:ImageObject", {"extract": {"fileProperty": "content"}}),
        "path": ("sc:Text", {"extract": {"fileProperty": "fullpath"}}),
    }


def _columns(facts: DatasetFacts) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the fields of records that are rows of a table: name -> (type, what readers extract)."""
    types = {name: kind for name, kind in sample_types(facts.columns).items() if name not in LIST_FIELDS}
    return {
        "image": ("sc:ImageObject", {"extract": {"column": "image"}, "transform": {"jsonPath": "bytes"}}),
        **{name: (_TYPES[kind], {"extract": {"column": name}}) for name, kind in types.items()},
    }
