"""The head of README.md: YAML that describes the dataset to Hugging Face's datasets library and Hub.

https://huggingface.co/docs/hub/datasets-cards describes the format. Each size is a separate config, so that sizes never
mix. A config lists the files of each split, the features of a sample, and the number of samples. So loaders need not
infer them from the first archive, which may be empty. If the loader cannot read the dataset, the configs list only
files: then the loader reports an error, where it would otherwise load the manifest as the data.

Loaders follow these entries even if the files say otherwise: entries that are out of date give an error, or the wrong
classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from transforms.model.annotations import OBJECTS
from transforms.model.records import LABEL
from transforms.publish.facts import DatasetFacts, SplitFacts

_SIZE_CATEGORIES = (
    *((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M")),
    *((10**8, "10M<n<100M"), (10**9, "100M<n<1B")),
)

# The entries that loaders follow.
_FOLLOWED = ("configs", "dataset_info")
_FOLLOWED_LINES = re.compile(rf"^(?:{'|'.join(_FOLLOWED)})[ \t]*:.*\n(?:(?:[ \t\r-].*)?\n)*", re.MULTILINE)
_HEAD = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t\r]*$", re.MULTILINE | re.DOTALL)


def card_head(facts: DatasetFacts) -> str:
    """Return the YAML, without the lines around it."""
    return _yaml(dict(_head(facts)))


def with_current_head(card: bytes, facts: DatasetFacts) -> bytes:
    """Return a card that its owner has edited, with the current entries for loaders. All other text stays.

    A card without a head stays as it is.
    """
    text = card.decode("utf-8", "surrogateescape")
    if not (head := _HEAD.match(text)):
        return card
    current = {name: value for name, value in _head(facts) if name in _FOLLOWED}
    first = _FOLLOWED_LINES.search(text, head.start(1), head.end(1))
    at = first.start() if first else head.end(1)
    others = _FOLLOWED_LINES.sub("", text[at : head.end(1)])
    renewed = text[:at] + (_yaml(current) if current else "") + others + text[head.end(1) :]
    return renewed.encode("utf-8", "surrogateescape")


def _yaml(entries: dict[str, Any]) -> str:
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=10**9)


def _head(facts: DatasetFacts) -> Iterator[tuple[str, Any]]:
    yield "pretty_name", facts.name
    if facts.license:
        yield "license", facts.license
    yield "size_categories", [_size_category(sum(split.images for split in facts.splits))]
    if LABEL in facts.columns.types:
        yield "task_categories", ["image-classification"]
    elif OBJECTS in facts.columns.annotations:
        yield "task_categories", ["object-detection"]
    sizes = facts.sizes_with_images
    if not facts.is_loadable:
        yield "viewer", False  # the Hub's viewer would show the tables beside the images
    if sizes:
        yield "configs", [_config(size, facts) for size in sizes]
    if sizes and facts.is_loadable:
        yield "dataset_info", [_info(size, facts) for size in sizes]


def _size_category(images: int) -> str:
    return next((category for limit, category in _SIZE_CATEGORIES if images < limit), "1B<n<10B")


def _config(size: int, facts: DatasetFacts) -> dict[str, Any]:
    loader = facts.layout.loader if facts.is_loadable else None
    files = [{"split": split.word, "path": _patterns(size, split, facts)} for split in facts.splits_with_images(size)]
    default = {"default": True} if size == facts.sizes_with_images[0] else {}
    declared = {} if loader is None or loader.reads_types else {"features": _features(facts)}
    return {"config_name": str(size), **default, "data_files": files, **declared}


def _patterns(size: int, split: SplitFacts, facts: DatasetFacts) -> list[str]:
    """Return patterns that match the files of a split and no others."""
    if not facts.layout.has_archives:
        folder = facts.folder(size, split)
        images = [f"{folder}**/*.{extension}" for extension in split.outputs[size].extensions]
        return [*images, *([f"{folder}metadata.jsonl"] if facts.is_loadable else [])]
    # With more than 100,000 archives there are two patterns, for numbers of five and of six digits.
    return list(dict.fromkeys(_pattern(archive.path) for archive in facts.archives_of(size, split)))


def _pattern(archive: str) -> str:
    """Return a pattern for the archives of a split, such as train-[0-9][0-9][0-9][0-9][0-9]-of-01743.tar."""
    return re.sub(r"-(\d{5,})(?=-of-\d{5,}\.\w+$)", lambda number: "-" + "[0-9]" * len(number[1]), archive)


def _info(size: int, facts: DatasetFacts) -> dict[str, Any]:
    outputs = {split.word: split.outputs[size] for split in facts.splits_with_images(size)}
    splits = [{"name": name, "num_bytes": out.bytes, "num_examples": out.images} for name, out in outputs.items()]
    return {"config_name": str(size), "features": _features(facts), "splits": splits}


def _features(facts: DatasetFacts) -> list[dict[str, Any]]:
    loader = facts.layout.loader
    return loader.features(facts.columns, facts.extensions) if loader else []
