"""The interface of a layout: how it stores images, how to read them back, and which libraries load them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from transforms.imaging.errors import Kind
from transforms.model.records import Columns, OutputImage, Shard, StoredFile

# (an archive's bytes, names of members) -> (name, bytes) of each named member in the archive.
Unpack = Callable[[bytes, Collection[str]], Iterator[tuple[str, bytes]]]


class Subset(NamedTuple):
    """The outputs of one size, which an example loads.

    Args:
        size: the size in pixels.
        folders: a pattern that matches the folders in which layout `files` stores the outputs, one for each split. It
            ends with a slash; "" for OUT itself.
        extensions: the extensions of the images, at least one.
    """

    size: int
    folders: str
    extensions: tuple[str, ...]


class Example(NamedTuple):
    """A few lines of Python that load each image of a subset once. They run in the dataset's folder."""

    title: str
    code: str


class Loader(NamedTuple):
    """How `load_dataset` of Hugging Face's datasets loads a layout.

    Args:
        features: (columns, extensions of the images) -> the features of a sample in the format of a dataset card.
        reads_types: whether the loader reads the types of columns from the files. If not, the card declares them.
        unreadable: the extensions of images that the loader cannot read.
    """

    features: Callable[[Columns, Sequence[str]], list[dict[str, Any]]]
    reads_types: bool = True
    unreadable: frozenset[str] = frozenset()


class Croissant(NamedTuple):
    """How readers of Croissant find the images of a layout.

    Args:
        archive_format: the media type of an archive; "" in layout `files`.
        is_table: whether the images are cells of a table in the archives, with the columns. If not, they are files.
    """

    archive_format: str = ""
    is_table: bool = False


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the images of a shard are stored, and which libraries can read them.

    Args:
        summary: the description of the layout in the command's help.
        keeps_tree: whether the source's folders become folders of the dataset.
        images_per_shard: the default number of images in a shard.
        name_of: (key, extension) -> the name of an image; no two images of a dataset may have the same name.
        image_path: (shard, size folder, name, extension) -> the path of an image in the manifest.
        problem_of: (path in the manifest) -> the kind of failure and a message if the file cannot be stored, or None.
        pack: (shard, size folders, images in the order of their names, additional columns) -> the files to store.
        examples: (subset) -> examples that load it, without those that `loader` covers.
        one_line: (path of a folder with a slash at its end) -> a line of Python that loads the images of one size below
            it; "" if `loader` can load each extension.
        archive_extension: the extension of the archives, without a dot; "" if each image is a separate file.
        unpack: reads images from an archive; None if there are no archives.
        loader: how Hugging Face's datasets loads the layout; None if it cannot.
        croissant: how readers of Croissant read the layout; None if they cannot.
        libraries: the packages whose versions affect the bytes of this layout only.
        wide_floats: whether columns of floats have 64 bits. If not, they have 32.
        has_uint64: whether columns may have the type uint64. If not, loaders get such numbers as text.
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
        """Whether images are stored in archives, not as separate files."""
        return self.archive_extension != ""

    def is_loadable(self, extensions: Collection[str]) -> bool:
        """Return whether Hugging Face's datasets loads images with these extensions."""
        return self.loader is not None and self.loader.unreadable.isdisjoint(extensions)
