"""README.md: the dataset's card, for people, and in its YAML head for the programs that load it.

The head is Hugging Face's, https://huggingface.co/docs/hub/datasets-cards: a config a size, so that sizes never
mix, with the files of each split, what each sample holds, and how many there are. So a first archive without
samples, from which nothing could be told, does no harm.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from transforms.dataset.paths import MADE_BY_RUNS
from transforms.layouts.archive import LISTS, sample_types
from transforms.model.json_lines import utf8
from transforms.model.records import LABEL, Columns
from transforms.publish.amounts import amount
from transforms.publish.facts import DatasetFacts, SplitFacts
from transforms.publish.loading import loading

_SIZE_CATEGORIES = (
    *((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M")),
    *((10**8, "10M<n<100M"), (10**9, "100M<n<1B")),
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~$])")


def card(facts: DatasetFacts) -> str:
    """The whole card."""
    head = yaml.safe_dump(dict(_head(facts)), sort_keys=False, allow_unicode=True, width=10**9)
    return f"---\n{head}---\n\n" + "\n\n".join(_body(facts)) + "\n"


def _head(facts: DatasetFacts) -> Iterator[tuple[str, Any]]:
    yield "pretty_name", facts.name
    if facts.license:
        yield "license", facts.license
    yield "size_categories", [_size_category(sum(split.images for split in facts.splits))]
    if LABEL in facts.columns.types:
        yield "task_categories", ["image-classification"]
    if _has_loader(facts):
        sizes = [size for size in facts.sizes if _loadable(size, facts)]
        yield "configs", [_config(size, facts) for size in sizes]
        yield "dataset_info", [_info(size, facts) for size in sizes]


def _has_loader(facts: DatasetFacts) -> bool:
    """Whether Hugging Face's datasets has a loader of these files: TFRecord has none, and AVIF no imagefolder."""
    return facts.layout != "tfrecord" and not (facts.layout == "files" and "avif" in facts.extensions)


def _size_category(images: int) -> str:
    return next((category for limit, category in _SIZE_CATEGORIES if images < limit), "1B<n<10B")


def _loadable(size: int, facts: DatasetFacts) -> list[SplitFacts]:
    """The splits that hold an image: loaders refuse one without, and with it the others."""
    return [split for split in facts.splits if split.outputs[size].images]


def _config(size: int, facts: DatasetFacts) -> dict[str, Any]:
    files = [{"split": split.word, "path": _patterns(size, split, facts)} for split in _loadable(size, facts)]
    config = {"config_name": str(size), **({"default": True} if size == facts.sizes[0] else {}), "data_files": files}
    # imagefolder goes by these alone; without them a text like a date is one, and a column x_file_name is an image
    return {**config, "features": list(_features(facts))} if facts.layout == "files" else config


def _patterns(size: int, split: SplitFacts, facts: DatasetFacts) -> list[str]:
    """What matches the files of a split, and no others."""
    if facts.layout == "files":
        prefix = facts.prefix(size, split.name)
        images = [f"{prefix}**/*.{extension}" for extension in split.outputs[size].extensions]
        return [*images, f"{prefix}metadata.jsonl"]
    paths = [archive.path for archive in facts.archives if (archive.size, archive.split) == (size, split.name)]
    return list(dict.fromkeys(map(_pattern, paths)))  # from 100,000 archives on two: numbers of five digits, and of six


def _pattern(archive: str) -> str:
    """Such as train-[0-9][0-9][0-9][0-9][0-9]-of-01743.tar."""
    return re.sub(r"-(\d{5,})(?=-of-\d{5,}\.\w+$)", lambda number: "-" + "[0-9]" * len(number[1]), archive)


def _info(size: int, facts: DatasetFacts) -> dict[str, Any]:
    outputs = {split.word: split.outputs[size] for split in _loadable(size, facts)}
    splits = [{"name": name, "num_bytes": out.bytes, "num_examples": out.images} for name, out in outputs.items()]
    return {"config_name": str(size), "features": list(_features(facts)), "splits": splits}


def _features(facts: DatasetFacts) -> Iterator[dict[str, Any]]:
    """What a loader gives of a sample."""
    if facts.layout == "webdataset":
        for extension in facts.extensions:
            yield {"name": extension, "dtype": "image"}
        yield {"name": "json", "struct": [_feature(*one) for one in sample_types(facts.columns).items()]}
        if LABEL in facts.columns.types:
            yield _label("cls", facts.columns)
        yield from ({"name": name, "dtype": "string"} for name in ("__key__", "__url__"))
        return
    yield {"name": "image", "dtype": "image"}
    types = sample_types(facts.columns) if facts.layout == "parquet" else facts.columns.types
    for name, kind in types.items():
        yield _label(name, facts.columns) if name == LABEL else _feature(name, kind)


def _feature(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "list" if name in LISTS else "dtype": kind}


def _label(name: str, columns: Columns) -> dict[str, Any]:
    if not columns.classes:
        return {"name": name, "dtype": "int64"}
    names = {str(number): utf8(one).decode() for number, one in enumerate(columns.classes)}
    return {"name": name, "dtype": {"class_label": {"names": names}}}


def _body(facts: DatasetFacts) -> Iterator[str]:
    yield MADE_BY_RUNS
    yield f"# {_markdown(facts.name)}"
    yield _what_it_is(facts)
    yield _table(facts)
    yield _what_became(facts)
    yield "## How to load it"
    yield from loading(facts)
    yield "## What is in it"
    yield from _contents(facts)
    yield "## How it was made"
    yield f"    {facts.command}"
    yield "by downsampled-open-images, with"
    yield _versions(facts.settings["versions"])
    yield from _rights(facts)


def _what_it_is(facts: DatasetFacts) -> str:
    sizes = " and ".join(f"{size} px" for size in facts.sizes)
    fit = {
        "contain": "their longest side",
        "cover": "their shortest side",
        "crop": "the centre, square, its side",
        "pad": "padded to a square, its side",
        "stretch": "stretched to a square, its side",
    }[facts.settings["fit"]]
    return f"Images at {sizes} ({fit}), resized with the {facts.settings['algorithm']} filter."


def _table(facts: DatasetFacts) -> str:
    """Images and bytes, a row a split."""
    head = ["split", "images", *(f"{size} px" for size in facts.sizes)]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for split in facts.splits:
        outputs = [split.outputs[size] for size in facts.sizes]
        cells = [amount(out.bytes) + _fewer(out.images, split.images) for out in outputs]
        rows.append([_markdown(split.name), f"{split.images:,}", *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _fewer(images: int, of: int) -> str:
    return "" if images == of else f" ({images:,} images)"


def _what_became(facts: DatasetFacts) -> str:
    images = facts.images
    return (
        f"Of {images['matched']:,} images {images['written']:,} were written, {images['failed']:,} failed and "
        f"{images['skipped']:,} were skipped, each for a reason that `manifest-*.jsonl` and `failures-*.jsonl` tell; "
        f"{facts.duplicates:,} are the same file as another one (`source_sha256`)."
    )


def _contents(facts: DatasetFacts) -> Iterator[str]:
    if facts.columns.types:
        columns = ", ".join(f"`{_code(name)}` ({kind})" for name, kind in facts.columns.types.items())
        yield f"Each sample has, beside its image: {columns}."
    if facts.columns.classes:
        yield f"The {len(facts.columns.classes):,} classes are numbered in the order of their names."
    yield (
        "`manifest-*.jsonl` has a row an image and size: its key, its source with size and SHA-256, its own size, "
        "bytes and SHA-256, and the part of the source that it shows. `sha256sum -c SHA256SUMS` checks every file."
    )


def _versions(versions: Mapping[str, str]) -> str:
    rows = [("library", "version"), ("---", "---"), *versions.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rights(facts: DatasetFacts) -> Iterator[str]:
    if facts.licenses is not None:
        yield "## Licenses"
        yield (
            f"Who made each image, and its license, is in `attribution-*.jsonl`; `LICENSE` counts the licenses. Of "
            f"{facts.unattributed:,} images nothing is known; `unmatched-*.jsonl` names them."
        )
    if facts.citation:
        yield "## Citation"
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", facts.citation + "``")))
        yield f"{fence}bibtex\n{facts.citation}\n{fence}"


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(" ".join(utf8(text).decode().split()), quote=False))


def _code(text: str) -> str:
    return " ".join(utf8(text).decode().replace("`", "'").split())
