"""Readers of class folders: (class, path relative to the folder) of each image that they load.

torchvision's own code runs here, without torch, which it needs only to create tensors. To import anything, Keras
needs TensorFlow, and FiftyOne needs a MongoDB server: their rules are reimplemented here.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

Samples = set[tuple[str, str]]

# Formats of `keras.utils.image_dataset_from_directory`, from its documentation.
_KERAS_FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


def torchvision_samples(folder: Path) -> Samples:
    """Load a folder with `torchvision.datasets.ImageFolder`."""
    with _torchvision_without_torch() as image_folder:
        dataset = image_folder(folder)
    return {(dataset.classes[label], os.path.relpath(path, folder)) for path, label in dataset.samples}


@contextmanager
def _torchvision_without_torch() -> Iterator[type]:
    """Import only the two modules of torchvision that list folders: the whole package would load all of torch."""
    try:
        files = importlib.metadata.files("torchvision") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("torchvision is not installed")
    home = next(os.path.dirname(file.locate()) for file in files if str(file) == "torchvision/__init__.py")
    torch, data = types.ModuleType("torch"), types.ModuleType("torch.utils.data")
    data.Dataset = type("Dataset", (), {"__class_getitem__": classmethod(lambda cls, _: cls)})  # type: ignore[attr-defined]
    torch.utils = types.ModuleType("torch.utils")  # type: ignore[attr-defined]
    torch.utils.data = data
    utils = types.ModuleType("torchvision.utils")
    utils._log_api_usage_once = lambda _: None  # type: ignore[attr-defined]
    package, subpackage = types.ModuleType("torchvision"), types.ModuleType("torchvision.datasets")
    package.__path__, subpackage.__path__ = [home], [f"{home}/datasets"]
    replaced = {
        "torch": torch,
        "torch.utils": torch.utils,
        "torch.utils.data": data,
        "torchvision": package,
        "torchvision.datasets": subpackage,
        "torchvision.utils": utils,
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, module in replaced.items():
            patched.setitem(sys.modules, name, module)
        yield importlib.import_module("torchvision.datasets.folder").ImageFolder
    for name in [name for name in sys.modules if name.startswith("torchvision.")]:
        del sys.modules[name]


def keras_samples(folder: Path) -> Samples:
    """Reimplement `keras.utils.image_dataset_from_directory`: each folder is a class, except hidden ones."""
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return {
        (name, str(path.relative_to(folder)))
        for name in classes
        for path in (folder / name).rglob("*")
        if path.name.lower().endswith(_KERAS_FORMATS)
    }


def fiftyone_samples(folder: Path) -> Samples:
    """Reimplement FiftyOne's import of an ImageClassificationDirectoryTree: each file in a folder is an image.

    Hidden files and folders are ignored.
    """
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        (path.parts[0], str(path))
        for path in paths
        if len(path.parts) > 1 and not any(part.startswith(".") for part in path.parts)
    }
