"""The section of a card on loading the dataset: a few lines of Python for each library that reads the layout."""

from __future__ import annotations

import json
from collections.abc import Iterator

from transforms.layouts.layout import Example, Subset
from transforms.publish.facts import DatasetFacts

_ONE_SPLIT = """import os
from datasets import load_dataset

for sample in load_dataset(os.getcwd(), "{size}", split="{word}"):
    print(sample)"""

_SPLITS = """import os
from datasets import load_dataset

for split, samples in load_dataset(os.getcwd(), "{size}").items():
    for sample in samples:
        print(split, sample)"""

_EACH_SPLIT = """from datasets import load_dataset

for folder in {folders}:
    for split, samples in load_dataset("imagefolder", data_dir=folder).items():
        for sample in samples:
            print(folder, sample)"""

_NOT_LOADABLE = (
    "`load_dataset` of Hugging Face's datasets cannot read these files, and reports that it found no supported data "
    "files."
)

_SEPARATELY = (
    "With Hugging Face's datasets, each split by itself, in this folder. It cannot load the splits together, because "
    "some of them have no boxes or labels:"
)

_NO_IMAGES = "The dataset contains no image that could be loaded: `failures-*.jsonl` and `manifest-*.jsonl` say why."


def loading_examples(facts: DatasetFacts) -> Iterator[str]:
    """Yield paragraphs and code blocks. The code runs in the dataset's folder and loads its largest size."""
    if not facts.sizes_with_images:
        yield _NO_IMAGES
        return
    size, *smaller = facts.sizes_with_images
    if smaller:
        others = " or ".join(map(str, smaller))
        yield f"Each example loads the images of {size} px, each image once: use {others} for another size."
    if facts.unannotated:
        folders = [facts.folder(size, split).rstrip("/") for split in facts.splits_with_images(size)]
        yield from _section(Example(_SEPARATELY, _EACH_SPLIT.format(folders=json.dumps(folders, ensure_ascii=False))))
    elif facts.is_loadable:
        title = "With Hugging Face's datasets, in this folder (for a copy on the Hub, give its name instead):"
        splits = facts.splits_with_images(size)
        code = _SPLITS if len(splits) > 1 else _ONE_SPLIT
        yield from _section(Example(title, code.format(size=size, word=splits[0].word)))
    else:
        yield _NOT_LOADABLE
    for example in facts.layout.examples(Subset(size, _folders(size, facts), facts.extensions)):
        yield from _section(example)


def _folders(size: int, facts: DatasetFacts) -> str:
    """Return a pattern that matches the folders of one size in layout `files`: one for each split."""
    folder = facts.folder(size, facts.splits[0])
    return folder if len(facts.splits) == 1 else folder.removesuffix(f"{facts.splits[0].name}/") + "*/"


def _section(example: Example) -> Iterator[str]:
    yield example.title
    yield f"```python\n{example.code}\n```"
