"""README.md, the card of a dataset: a header for programs that load the dataset, then text for readers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

from transforms.dataset.paths import GENERATED_MARK
from transforms.model.json_lines import utf8
from transforms.publish.amounts import amount
from transforms.publish.annotation_sections import annotation_paragraphs
from transforms.publish.card_head import card_head
from transforms.publish.facts import DatasetFacts
from transforms.publish.loading_examples import loading_examples

_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~$])")

# Fit -> the dimension that a size defines.
_MEASURES = {
    "contain": "the longest side",
    "cover": "the shortest side",
    "crop": "the side of a square cut from the center",
    "pad": "the side of a square, padded",
    "stretch": "the side of a square, stretched",
}


def card(facts: DatasetFacts) -> str:
    """Return the whole card."""
    return f"---\n{card_head(facts)}---\n\n" + "\n\n".join(_paragraphs(facts)) + "\n"


def _paragraphs(facts: DatasetFacts) -> Iterator[str]:
    yield GENERATED_MARK
    yield f"# {_markdown(facts.name)}"
    yield _introduction(facts)
    yield "## How to load it"
    yield from loading_examples(facts)
    yield "## What is in it"
    yield _splits(facts)
    yield _accounts(facts)
    yield from _contents(facts)
    yield "## How it was made"
    yield "downsampled-open-images made this dataset with the command"
    yield f"    {facts.command}"
    yield "and with these libraries:"
    yield _versions(facts.settings["versions"])
    yield from _rights(facts)


def _introduction(facts: DatasetFacts) -> str:
    sizes = " and ".join(f"{size} px" for size in facts.sizes)
    measure = _MEASURES[facts.settings["fit"]]
    return f"Images at {sizes} ({measure}), resized with the {facts.settings['algorithm']} filter."


def _splits(facts: DatasetFacts) -> str:
    """Return a table with a row for each split: its images, and their bytes at each size."""
    head = ["split", "images", *(f"{size} px" for size in facts.sizes)]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for split in facts.splits:
        outputs = [split.outputs[size] for size in facts.sizes]
        cells = [amount(output.bytes) + _fewer(output.images, split.images) for output in outputs]
        rows.append([_markdown(split.name), f"{split.images:,}", *cells])
    return _table(rows)


def _table(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _fewer(outputs: int, images: int) -> str:
    return "" if outputs == images else f" ({outputs:,} images)"


def _accounts(facts: DatasetFacts) -> str:
    images = facts.images
    sentences = [
        f"Images: {images['written']:,} written, {images['failed']:,} failed and {images['skipped']:,} skipped, of "
        f"{images['matched']:,} matched; `manifest-*.jsonl` and `failures-*.jsonl` give the reasons.",
        f"Copies of an earlier image (the same `source_sha256`): {facts.duplicates:,}.",
        *(f"Larger than their sources at {enlarged.size} px: {enlarged}." for enlarged in facts.enlarged),
    ]
    if facts.kept:
        what = "Copied byte for byte with all metadata, since no change was needed (the note `kept`)"
        sentences.append(f"{what}: {facts.kept:,}.")
    if facts.unread.inputs:
        sentences.append(f"Inputs that could not be read: {facts.unread.inputs:,} ({_markdown(str(facts.unread))}).")
    return " ".join(sentences)


def _contents(facts: DatasetFacts) -> Iterator[str]:
    if facts.columns.types:
        columns = ", ".join(f"`{_code(name)}` ({kind})" for name, kind in facts.columns.types.items())
        yield f"In addition to its image, each sample has these columns: {columns}."
    if facts.columns.classes:
        yield f"The classes, {len(facts.columns.classes):,} in all, are numbered in the order of their names."
    yield from annotation_paragraphs(facts.annotated, facts.columns, facts.sizes)
    yield (
        "`manifest-*.jsonl` has a row for each image and size: the key, the source with its size and SHA-256, the "
        "output with its size, bytes and SHA-256, and the part of the source that the output shows. "
        "`sha256sum -c SHA256SUMS` checks every file."
    )


def _versions(versions: Mapping[str, str]) -> str:
    return _table([["library", "version"], ["---", "---"], *map(list, versions.items())])


def _rights(facts: DatasetFacts) -> Iterator[str]:
    if facts.licenses is not None:
        yield "## Licenses"
        yield " ".join(_attribution(facts))
    if facts.citation:
        yield "## Citation"
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", facts.citation + "``")))
        yield f"{fence}bibtex\n{facts.citation}\n{fence}"


def _attribution(facts: DatasetFacts) -> Iterator[str]:
    yield "`attribution-*.jsonl` names the author and the license of each image, and `LICENSE` counts the licenses."
    if facts.unattributed is not None:
        yield f"Images without an attribution, which `unmatched-*.jsonl` lists: {facts.unattributed:,}."


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(" ".join(utf8(text).decode().split()), quote=False))


def _code(text: str) -> str:
    return " ".join(utf8(text).decode().replace("`", "'").split())
