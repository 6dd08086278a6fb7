"""How a dataset is loaded, in a few lines for each tool that reads its layout."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transforms.publish.facts import DatasetFacts

_DATASETS = """import os
from datasets import load_dataset

dataset = load_dataset(os.getcwd(), "{size}", split="{word}")
print(dataset[0])"""

_FILES = """import json
from PIL import Image

rows = [json.loads(line) for line in open("{prefix}metadata.jsonl", encoding="utf-8")]
image = Image.open("{prefix}" + rows[0]["file_name"])  # rows[index], for a torch Dataset's __getitem__"""

_WEBDATASET = """import webdataset

for sample in webdataset.WebDataset("{archives}", shardshuffle=False, empty_check=False).decode("pil"):
    print(sample["__key__"], sample["{extension}"].size, sample["json"])"""

_PYARROW = """import pyarrow.dataset

dataset = pyarrow.dataset.dataset({files}, format="parquet")
print(dataset.head(1).to_pylist())"""

_DUCKDB = """import duckdb

print(duckdb.sql("SELECT * EXCLUDE (image) FROM '{glob}'"))"""

_TFRECORD = """from tfrecord.reader import tfrecord_loader

for sample in tfrecord_loader("{first}", None):
    print(sample["image/source_id"], len(sample["image/encoded"]))"""


def loading(facts: DatasetFacts) -> Iterator[str]:
    """Paragraphs and pieces of code, which run in the dataset's folder."""
    size, split = facts.sizes[0], facts.shown
    if facts.layout == "files":
        prefix = facts.prefix(size, split.name)
        yield from _datasets(facts)
        yield from _block("Pillow, and what indexes such as torch:", _FILES.format(prefix=prefix))
        return
    paths = [one.path for one in facts.archives if (one.size, one.split) == (size, split.name)]
    if facts.layout == "webdataset":
        yield from _datasets(facts)
        extension = (facts.extensions or ("jpg",))[0]
        yield from _block("webdataset:", _WEBDATASET.format(archives=braces(paths), extension=extension))
    elif facts.layout == "parquet":
        yield from _datasets(facts)
        glob = re.sub(r"-\d{5,}-of-", "-*-of-", paths[0])
        files = f'sorted(glob.glob("{glob}"))'
        code = _PYARROW.format(files=files).replace("import pyarrow", "import glob\nimport pyarrow", 1)
        yield from _block("pyarrow:", code)
        yield from _block("DuckDB:", _DUCKDB.format(glob=glob))
    else:
        yield from _block("TensorFlow's `tf.data.TFRecordDataset`, or tfrecord:", _TFRECORD.format(first=paths[0]))


def braces(paths: list[str]) -> str:
    """All archives of a split and size in one word: train-{00000..00003}-of-00004.tar."""
    numbers = [re.findall(r"-(\d{5,})-of-", path)[-1] for path in (paths[0], paths[-1])]
    before, _, after = paths[0].rpartition(f"-{numbers[0]}-of-")
    return f"{before}-{{{numbers[0]}..{numbers[1]}}}-of-{after}" if len(paths) > 1 else paths[0]


def _datasets(facts: DatasetFacts) -> Iterator[str]:
    size, split = facts.sizes[0], facts.shown
    yield from _block(
        "Hugging Face's datasets, in this folder; on the hub by its name there:",
        _DATASETS.format(size=size, word=split.word),
    )


def _block(title: str, code: str) -> Iterator[str]:
    yield title
    yield f"```python\n{code}\n```"
