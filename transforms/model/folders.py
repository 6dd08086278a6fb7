"""Folders of OUT for the sizes and splits of a dataset. With a single size or split, there is no folder for it."""

from __future__ import annotations

from collections.abc import Sized


def size_folder(size: int, sizes: Sized) -> str:
    """Return the folder that holds the outputs of one of the sizes, such as "512/"; "" for a single size."""
    return f"{size}/" if len(sizes) > 1 else ""


def split_prefix(split: str, splits: Sized) -> str:
    """Return the prefix of the keys of one of the splits, such as "train/"; "" for a single split."""
    return f"{split}/" if len(splits) > 1 else ""
