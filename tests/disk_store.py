"""A store that is accessible only through Beam's interface: disk://PATH is the local /PATH."""

from __future__ import annotations

import os

from apache_beam.io.filesystem import FileMetadata, MatchResult
from apache_beam.io.localfilesystem import LocalFileSystem

SCHEME = "disk:/"


class DiskStore(LocalFileSystem):
    """A file system that Beam finds as soon as this module is imported."""

    @classmethod
    def scheme(cls) -> str:
        return "disk"

    def match(self, patterns: list[str], limits: list[int | None] | None = None) -> list[MatchResult]:
        return [
            MatchResult(
                found.pattern,
                [
                    FileMetadata(f"{SCHEME}{one.path}", one.size_in_bytes, one.last_updated_in_seconds)
                    for one in found.metadata_list
                ],
            )
            for found in super().match([_here(pattern) for pattern in patterns], limits)
        ]

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join([basepath, *paths])

    def create(self, path: str, *args: object, **kwargs: object) -> object:
        return super().create(_here(path), *args, **kwargs)

    def open(self, path: str, *args: object, **kwargs: object) -> object:
        return super().open(_here(path), *args, **kwargs)

    def exists(self, path: str) -> bool:
        return super().exists(_here(path))

    def mkdirs(self, path: str) -> None:
        super().mkdirs(_here(path))

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for name in destination_file_names:  # a store has no folders
            os.makedirs(os.path.dirname(_here(name)), exist_ok=True)
        super().rename([_here(name) for name in source_file_names], [_here(name) for name in destination_file_names])

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            os.remove(_here(path))


def _here(path: str) -> str:
    return path.removeprefix(SCHEME)
