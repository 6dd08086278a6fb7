"""The boxes of an image in the YOLO format: https://docs.ultralytics.com/datasets/detect.

Each image has a text file with a line for each box: its class, then its center, width and height as shares of the
image's sides. data.yaml names the folders of the splits and the classes.

YOLO loaders derive the path of the text file from the path of the image: they replace the extension, and the last
folder named `images`, if there is one, by `labels`.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping

import yaml

from transforms.model.annotations import OBJECTS
from transforms.model.records import ManifestRow, OutputImage, StoredFile

_IMAGES, _LABELS = "images", "labels"
# Decimals of a share: a hundredth of a pixel at 10,000 pixels.
_DECIMALS = 6

# The names of the split for validation, the usual ones first.
_VALIDATION = ("val", "validation", "valid", "dev")
# The keys of data.yaml that are not splits.
_OTHER_KEYS = frozenset({"path", "names", "nc", "channels", "download", "yaml_file"})


def label_files(images: Iterable[OutputImage]) -> Iterator[StoredFile]:
    """Yield the text file of each image. It is empty if the image has no boxes."""
    for image in images:
        data = label_text(image.row).encode()
        yield StoredFile(label_path(image.file.path), data, hashlib.sha256(data).hexdigest())


def label_path(image: str) -> str:
    """Return the path of an image's text file.

    Args:
        image: its path below OUT.
    """
    *folders, name = image.split("/")
    if _IMAGES in folders:
        last = len(folders) - 1 - folders[::-1].index(_IMAGES)
        folders[last] = _LABELS
    return "/".join([*folders, f"{posixpath.splitext(name)[0]}.txt"])


def is_found(out_dir: str) -> bool:
    """Return whether YOLO loaders find the text files in a folder. They do not look in a folder below `images`."""
    return _IMAGES not in out_dir.split("/")


def label_text(row: ManifestRow) -> str:
    """Return the lines of an image's boxes."""
    objects = row.annotations[OBJECTS]
    width, height = row.width or 1, row.height or 1
    lines = []
    for category, (left, top, wide, high) in zip(objects["category"], objects["bbox"], strict=True):
        center = (left + wide / 2) / width, (top + high / 2) / height
        shares = (*center, wide / width, high / height)
        lines.append(f"{category} {' '.join(f'{share:.{_DECIMALS}f}' for share in shares)}\n")
    return "".join(lines)


def data_yaml(splits: Mapping[str, str], categories: Mapping[str, str]) -> str:
    """Return the content of data.yaml, which is stored beside the folders of the splits.

    YOLO requires a split for training and one for validation: the only split of a dataset is used for both.

    Args:
        splits: name -> folder relative to that of data.yaml, "" for the same folder.
        categories: class -> name, in the order of their IDs.
    """
    names = {name: folder.rstrip("/") or "." for name, folder in splits.items()}
    alike = (name for word in _VALIDATION for name in names if name.lower() == word)
    validation = "val" if "val" in names else next(alike, "val")
    names = {_key("val" if name == validation else name): folder for name, folder in names.items()}
    first = next(iter(names.values()))
    folders = {"train": names.get("train", first), "val": names.get("val", names.get("train", first)), **names}
    described = {**folders, "names": dict(enumerate(categories.values()))}
    return yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=10**9)


def _key(split: str) -> str:
    """Return the key of a split in data.yaml."""
    return f"{split}_" if split in _OTHER_KEYS else split
