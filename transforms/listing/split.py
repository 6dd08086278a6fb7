"""Select the files of a split that have the names of images, and count all others."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from transforms import storage
from transforms.listing.lists import Entry
from transforms.model.config import COLUMNS, ResizeConfig, Split
from transforms.model.file_names import extension_of, is_candidate, is_system_file
from transforms.model.json_lines import utf8_text
from transforms.model.keys import in_sample, key_of
from transforms.model.places import GzipMember, ListRow, Place, Unreadable, pack
from transforms.model.records import Tally
from transforms.sources.archive import Archive, is_archive, members
from transforms.sources.members import ArchiveError, Member
from transforms.tables.columns import Profile, folder_class

# The shuffled form of a source: split, path below the split's root, bytes, version, place (see `places.pack`). A typed
# tuple takes a fifth of the size of a pickled file handle. The path is bytes, because names need not be UTF-8.
SourceTuple = tuple[str, bytes, int, float, bytes]


class SplitListing:
    """Selects the images of a split from its files and archives, and counts the images and the other files.

    A member of an archive is named and counted as if the archive were unpacked in its own folder.

    Args:
        split: the split.
        config: the dataset.
        index_dir: the folder for the index of each .tar.gz; "" for OUT.
    """

    def __init__(self, split: Split, config: ResizeConfig, index_dir: str = "") -> None:
        self._split = split
        self._out_dir = config.out_dir
        self._index_dir = index_dir or config.out_dir
        self._folders_are_classes = bool(config.label_from)
        self._any_name = config.any_name
        self._prefix, self._sample = config.key_prefix(split.name), Fraction(config.sample)
        self._images = self._bytes = self._system_files = self._unreadable = 0
        self._others: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._streams: dict[str, Counter[str]] = {}
        self._profile = Profile(COLUMNS)

    def archive_of(self, path: str, size: int, version: float) -> Archive | None:
        """Return a file as an archive if it has the name of one. Return None if the file is for `add_file`."""
        if not is_archive(path) or not self._holds(path) or is_system_file(storage.below(self._split.root, path)):
            return None
        return Archive(path, size, version)

    def add_file(self, path: str, size: int, version: float) -> SourceTuple | None:
        """Count a file. Return it in its shuffled form, or None if it does not have the name of an image.

        Ignore a file below OUT or outside the root of the split.
        """
        if not self._holds(path):
            return None
        relative = storage.below(self._split.root, path)
        return self._add(relative, size, version, b"") if self._is_image(relative) else None

    def add_entry(self, entry: Entry) -> SourceTuple:
        """Count a row of a list, and return its image in its shuffled form, whatever the image's name is.

        Only local files get a size and a version, because a store or server would need a request for each.
        """
        self._profile.add_cells(entry.cells)
        is_local = isinstance(entry.place, ListRow) and storage.is_local(entry.location)
        size, version = storage.size_and_time(entry.location) if is_local else (0, 0.0)
        return self._add(entry.path, size, version, pack(entry.place, entry.location))

    def _holds(self, path: str) -> bool:
        return storage.is_inside(path, self._split.root) and not storage.is_inside(path, self._out_dir)

    def open_archive(self, archive: Archive) -> Iterator[SourceTuple]:
        """Count the files in an archive, and yield the images. Yield an unreadable part as one more image, which fails.

        Raises:
            StorageError: OUT cannot be written to.
        """
        relative = storage.below(self._split.root, archive.location)
        try:
            for member in members(archive, self._index_dir):
                if source := self._add_member(relative, member, archive.version):
                    yield source
        except ArchiveError as error:
            lost = Unreadable(error.kind, f"the archive {relative!r} {error.message}")
            self._unreadable += 1
            yield self._add(relative, 0, archive.version, pack(lost, relative))

    def _add_member(self, archive: str, member: Member, version: float) -> SourceTuple | None:
        path = posixpath.join(posixpath.dirname(archive), member.path)
        if not self._is_image(path):
            return None
        place = self._numbered(archive, member)
        self._unreadable += isinstance(place, Unreadable)
        return self._add(path, member.bytes, version, pack(place, archive))

    def _numbered(self, archive: str, member: Member) -> Place:
        """Return the place of a member. In a .tar.gz, add the member's number among its images."""
        place = member.place
        if isinstance(place, GzipMember):
            counts = self._streams.setdefault(utf8_text(archive), Counter())
            place = place._replace(number=counts["images"])
            counts.update(images=1, bytes=member.bytes)
        return place

    def _is_image(self, relative: str) -> bool:
        """Return whether a file has the name of an image. If not, count it."""
        if is_system_file(relative):
            self._system_files += 1
            return False
        if is_archive(relative) or not is_candidate(relative, self._any_name):
            self._others[extension_of(relative)] += 1
            return False
        return True

    def _add(self, relative: str, size: int, version: float, place: bytes) -> SourceTuple:
        self._images += 1
        self._bytes += size
        if self._folders_are_classes:
            self._count_class(relative)
        return self._split.name, os.fsencode(relative), size, version, place

    def _count_class(self, relative: str) -> None:
        """Count an image for its class if it is in the sample."""
        folder = folder_class(relative)
        if folder and in_sample(key_of(self._prefix + relative), self._sample):
            self._classes[folder] += 1

    def tally(self) -> Tally:
        """Return the tally of the files so far, see `MatchSources`."""
        counts: Tally = {
            "splits": {self._split.name: {"images": self._images, "bytes": self._bytes}},
            "not_images": dict(self._others),
            "system_files": self._system_files,
        }
        if self._split.has_explicit_locations:
            counts["lists"] = self._profile.columns()
        if self._streams:
            counts["streams"] = {self._split.name: {name: dict(sums) for name, sums in self._streams.items()}}
        if self._unreadable:
            counts["unreadable"] = {self._split.name: self._unreadable}
        return {**counts, "classes": dict(self._classes)} if self._folders_are_classes else counts
