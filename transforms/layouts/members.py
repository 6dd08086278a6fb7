"""Read the outputs of a dataset by their paths in the manifest, whatever the layout."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from transforms import storage
from transforms.layouts import LAYOUTS
from transforms.layouts.layout import Unpack
from transforms.model.errors import RunError


def read_outputs(out_dir: str, layout: str, paths: Collection[str]) -> dict[str, bytes]:
    """Return the bytes of the outputs at `paths`, without those that are missing or unreadable.

    Read each archive completely, and only once.
    """
    unpack = LAYOUTS[layout].unpack
    if unpack is None:
        files = {path: _read(out_dir, path) for path in paths}
        return {path: data for path, data in files.items() if data is not None}
    names: dict[str, dict[str, str]] = {}  # path of an archive -> name of a member -> path of the output
    for path in paths:
        archive = file_of(path, layout)
        names.setdefault(archive, {})[path.removeprefix(f"{archive}/")] = path
    return {
        wanted[name]: data
        for archive, wanted in names.items()
        for name, data in _members(_read(out_dir, archive) or b"", wanted, unpack)
    }


def file_of(path: str, layout: str) -> str:
    """Return the path of the file that holds the output at `path`: its archive, or itself in layout `files`."""
    extension = LAYOUTS[layout].archive_extension
    if not extension:
        return path
    return f"{path.partition(f'.{extension}/')[0]}.{extension}"  # no folder of archives has this ending


def _members(archive: bytes, names: Collection[str], unpack: Unpack) -> Iterator[tuple[str, bytes]]:
    """Yield the named members of an archive. If it is damaged, stop there."""
    # Every Exception: a damaged archive can raise anything, and nothing depends on its members.
    try:
        yield from unpack(archive, names)
    except Exception:
        return


def _read(out_dir: str, path: str) -> bytes | None:
    try:
        return storage.read_if_there(storage.join(out_dir, path))
    except RunError:
        return None
