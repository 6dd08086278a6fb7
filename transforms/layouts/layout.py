"""What every layout answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from transforms.imaging.errors import Kind
from transforms.model.records import Columns, OutputImage, Shard, StoredFile


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the images of a shard are stored.

    Args:
        keeps_tree: whether the source's folders are folders of the dataset too.
        images_per_shard: how many images a shard holds unless the user says otherwise.
        name_of: (key, extension) -> the name that an image goes by; no two images of a dataset may share one.
        image_path: (shard, size folder, name, extension) -> the path in the manifest.
        problem_of: (path in the manifest) -> why no such file can be stored: the kind and a sentence, or None.
        pack: (shard, size folders, images in the order of their names, further columns) -> the files to store.
        libraries: the packages whose versions decide bytes in this layout alone.
        wide_floats: whether a column of floats has 64 bits in it, and not 32.
    """

    keeps_tree: bool
    images_per_shard: int
    name_of: Callable[[str, str], str]
    image_path: Callable[[Shard, str, str, str], str]
    problem_of: Callable[[str], tuple[Kind, str] | None]
    pack: Callable[[Shard, Sequence[str], Sequence[OutputImage], Columns], Iterator[StoredFile]]
    libraries: tuple[str, ...] = ()
    wide_floats: bool = True
