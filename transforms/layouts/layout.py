"""What the program asks of a layout: how it stores images, how they are read again, and what loads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from transforms.imaging.errors import Kind
from transforms.model.records import Columns, OutputImage, Shard, StoredFile

# (an archive's bytes, names of members) -> (name, bytes) of those that the archive holds.
Unpack = Callable[[bytes, Collection[str]], Iterator[tuple[str, bytes]]]


class Subset(NamedTuple):
    """The outputs of one size, which an example loads.

    Args:
        size: in pixels.
        folders: a pattern of the folders where layout `files` stores them, one for each split, with a slash at its
            end; "" for OUT itself.
        extensions: of the images, at least one.
    """

    size: int
    folders: str
    extensions: tuple[str, ...]


class Example(NamedTuple):
    """A few lines of Python that load each image of a subset once; they run in the dataset's folder."""

    title: str
    code: str


class Loader(NamedTuple):
    """How `load_dataset` of Hugging Face's datasets loads a layout.

    Args:
        features: (columns, extensions of the images) -> the features of a sample in the form of a dataset card.
        reads_types: whether the loader reads the types of columns from the files. If not, the card declares them.
        unreadable: extensions of images that the loader does not read.
    """

    features: Callable[[Columns, Sequence[str]], list[dict[str, Any]]]
    reads_types: bool = True
    unreadable: frozenset[str] = frozenset()


class Croissant(NamedTuple):
    """How readers of Croissant find the images of a layout.

    Args:
        archive_format: the media type of an archive; "" in layout `files`.
        is_table: whether the images are cells of a table in the archives, beside the columns; else they are files.
    """

    archive_format: str = ""
    is_table: bool = False


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the images of a shard are stored, and what can read them.

    Args:
        summary: what the command's help says about the layout.
        keeps_tree: whether the source's folders become folders of the dataset.
        images_per_shard: the default number of images in a shard.
        name_of: (key, extension) -> the name of an image; no two images of a dataset may have the same name.
        image_path: (shard, size folder, name, extension) -> the path in the manifest.
        problem_of: (path in the manifest) -> the kind of failure and a sentence if no such file can be stored, or None.
        pack: (shard, size folders, images in the order of their names, additional columns) -> the files to store.
        examples: (subset) -> ways to load it, without those that `loader` covers.
        one_line: (path of a folder with a slash at its end) -> a line of Python that loads the images of one size below
            it; "" if `loader` can do so for each extension.
        archive_extension: without a dot; "" if each image is a file of its own.
        unpack: reads images from an archive; None if there are no archives.
        loader: how Hugging Face's datasets loads it; None if it cannot.
        croissant: how readers of Croissant read it; None if they cannot.
        libraries: the packages whose versions decide bytes in this layout only.
        wide_floats: whether a column of floats has 64 bits; if not, it has 32.
        has_uint64: whether a column may have the type uint64; if not, loaders get such numbers as text.
    """

    summary: str
    keeps_tree: bool
    images_per_shard: int
    name_of: Callable[[str, str], str]
    image_path: Callable[[Shard, str, str, str], str]
    problem_of: Callable[[str], tuple[Kind, str] | None]
    pack: Callable[[Shard, Sequence[str], Sequence[OutputImage], Columns], Iterator[StoredFile]]
    examples: Callable[[Subset], Iterator[Example]]
    one_line: Callable[[str], str] = lambda _folder: ""
    archive_extension: str = ""
    unpack: Unpack | None = None
    loader: Loader | None = None
    croissant: Croissant | None = None
    libraries: tuple[str, ...] = ()
    wide_floats: bool = True
    has_uint64: bool = False

    @property
    def has_archives(self) -> bool:
        """Whether images are stored in archives, not as files of their own."""
        return self.archive_extension != ""

    def is_loadable(self, extensions: Collection[str]) -> bool:
        """Return whether Hugging Face's datasets loads images with these extensions."""
        return self.loader is not None and self.loader.unreadable.isdisjoint(extensions)
