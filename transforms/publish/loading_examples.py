"""How to load a dataset: the section of its card with a few lines of Python for each library that reads the layout."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.layouts.layout import Example, Subset
from transforms.publish.facts import DatasetFacts

_DATASETS = """import os
from datasets import load_dataset

dataset = load_dataset(os.getcwd(), "{size}", split="{word}")
print(dataset[0])"""


def loading_examples(facts: DatasetFacts) -> Iterator[str]:
    """Yield the paragraphs and blocks of code; the code runs in the dataset's folder."""
    size, split = facts.sizes[0], facts.example_split
    archives = tuple(archive.path for archive in facts.archives_of(size, split))
    if facts.layout.is_loadable(facts.extensions):
        title = "With Hugging Face's datasets, in this folder (for a copy on the Hub, give its name instead):"
        yield from _section(Example(title, _DATASETS.format(size=size, word=split.word)))
    subset = Subset(facts.folder(size, split), archives, (facts.extensions or ("jpg",))[0])
    for example in facts.layout.examples(subset):
        yield from _section(example)


def _section(example: Example) -> Iterator[str]:
    yield example.title
    yield f"```python\n{example.code}\n```"
