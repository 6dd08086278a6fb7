"""croissant.json: the dataset for machines, in MLCommons' Croissant 1.0, https://docs.mlcommons.org/croissant.

A record set is one size of one split. Its images are found by patterns below the folder that croissant.json is
in, or in the archives there. Readers of Croissant know neither TFRecord nor WebP nor AVIF.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from transforms.layouts.archive import LISTS, sample_types
from transforms.model.records import ArchiveRow
from transforms.publish.facts import DatasetFacts, SplitFacts

_FORMATS = {"jpg": "image/jpeg", "png": "image/png"}
_ARCHIVES = {"webdataset": "application/x-tar", "parquet": "application/x-parquet"}
_TYPES = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "float64": "sc:Float",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "uint64": "sc:Integer",
}

_CR = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _CR},
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
    """The whole file; None where no reader of it could read the images."""
    if facts.layout == "tfrecord" or not set(facts.extensions) <= set(_FORMATS):
        return None
    # a set of files must have a pattern, and where there is no image there is none
    pairs = [(size, split) for size in facts.sizes for split in facts.splits if split.outputs[size].images]
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": facts.name,
        "description": f"{facts.images['written']:,} images, resized; see README.md.",
        **({"license": facts.license} if facts.license else {}),
        **({"citeAs": facts.citation} if facts.citation else {}),
        "distribution": [one for size, split in pairs for one in _distribution(size, split, facts)],
        "recordSet": [_records(size, split, facts) for size, split in pairs],
    }
    return json.dumps(described, ensure_ascii=False, indent=1) + "\n"


def _distribution(size: int, split: SplitFacts, facts: DatasetFacts) -> Iterator[dict[str, Any]]:
    archives = [one for one in facts.archives if (one.size, one.split) == (size, split.name)]
    yield from (_file(archive, facts) for archive in archives)
    extensions = split.outputs[size].extensions
    images = {"@type": "cr:FileSet", "@id": _files(size, split)}
    formats = [_FORMATS[extension] for extension in extensions]
    if facts.layout == "files":
        prefix = facts.prefix(size, split.name)
        includes = [f"{prefix}*.{extension}" for extension in extensions]
        yield {**images, "encodingFormat": formats, "includes": includes}
    elif facts.layout == "webdataset":
        inside = [{"@id": archive.path} for archive in archives]
        includes = [f"*.{extension}" for extension in extensions]
        yield {**images, "containedIn": inside, "encodingFormat": formats, "includes": includes}
    else:
        includes = [archive.path for archive in archives]
        yield {**images, "encodingFormat": _ARCHIVES["parquet"], "includes": includes}


def _file(archive: ArchiveRow, facts: DatasetFacts) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": archive.path,
        "name": archive.path,
        "contentUrl": archive.path,
        "contentSize": f"{archive.bytes} B",
        "encodingFormat": _ARCHIVES[facts.layout],
        "sha256": archive.sha256,
    }


def _files(size: int, split: SplitFacts) -> str:
    return f"files-{size}-{split.word}"


def _records(size: int, split: SplitFacts, facts: DatasetFacts) -> dict[str, Any]:
    name = f"{size}-{split.word}"
    source = {"fileSet": {"@id": _files(size, split)}}
    content = {"extract": {"fileProperty": "content"}}
    fields = {"image": ("sc:ImageObject", content), "path": ("sc:Text", {"extract": {"fileProperty": "fullpath"}})}
    if facts.layout == "parquet":
        struct = {"extract": {"column": "image"}, "transform": {"jsonPath": "bytes"}}
        fields = {"image": ("sc:ImageObject", struct)}
        for column, kind in sample_types(facts.columns).items():
            if column not in LISTS:
                fields[column] = (_TYPES[kind], {"extract": {"column": column}})
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "description": f"The images of {split.name} at {size} px.",
        "field": [
            {"@type": "cr:Field", "@id": f"{name}/{field}", "dataType": kind, "source": {**source, **how}}
            for field, (kind, how) in fields.items()
        ],
    }
