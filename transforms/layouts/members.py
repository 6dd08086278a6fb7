"""The outputs of a dataset, read again by their paths in the manifest, whatever the layout."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Callable, Collection, Iterator

from transforms import storage
from transforms.model.errors import RunError

# An archive's bytes, and names of members -> (name, bytes) of those that it holds.
Unpack = Callable[[bytes, Collection[str]], Iterator[tuple[str, bytes]]]


def read_outputs(out_dir: str, layout: str, paths: Collection[str]) -> dict[str, bytes]:
    """The bytes of the outputs at `paths`; what is not there, or cannot be read, is left out.

    An archive is read whole, and once.
    """
    if layout not in _ARCHIVES:
        found = {path: _read(out_dir, path) for path in paths}
        return {path: data for path, data in found.items() if data is not None}
    extension, unpack = _ARCHIVES[layout]
    members: dict[str, dict[str, str]] = {}
    for path in paths:
        stem, _, name = path.partition(f".{extension}/")  # no folder of archives has this ending
        members.setdefault(f"{stem}.{extension}", {})[name] = path
    outputs: dict[str, bytes] = {}
    for archive, wanted in members.items():
        data = _read(out_dir, archive)
        # Every Exception: an archive that was altered can raise anything, and nothing depends on it.
        try:
            outputs.update((wanted[name], body) for name, body in unpack(data or b"", set(wanted)))
        except Exception:
            continue
    return outputs


def _read(out_dir: str, path: str) -> bytes | None:
    try:
        return storage.read_if_there(storage.join(out_dir, path))
    except RunError:
        return None


def _from_tar(data: bytes, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            if member.name in names and (file := tar.extractfile(member)):
                yield member.name, file.read()


def _from_parquet(data: bytes, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    import pyarrow.parquet as pq  # a quarter of a second, which no other layout should wait for

    file = pq.ParquetFile(io.BytesIO(data))
    for group in range(file.num_row_groups):
        for image in file.read_row_group(group, columns=["image"])["image"].to_pylist():
            if image["path"] in names:
                yield image["path"], image["bytes"]


def _from_tfrecord(data: bytes, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Records as `tfrecord.record` and Examples as `tfrecord.example` makes them."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        (whole,) = _values(data[at + 12 : at + 12 + length])
        named = dict(_values(entry) for entry in _values(whole))
        name = _only_value(named[b"image/filename"]).decode()
        if name in names:
            yield name, _only_value(named[b"image/encoded"])
        at += 16 + length


def _only_value(feature: bytes) -> bytes:
    """The one value of a Feature that holds a list of bytes."""
    (values,) = _values(feature)
    (value,) = _values(values)
    return value


def _values(message: bytes) -> list[bytes]:
    """What the fields of a protobuf message hold, in their order; all are of wire type 2."""
    values, at = [], 0
    while at < len(message):
        _tag, at = _varint(message, at)
        length, at = _varint(message, at)
        values.append(message[at : at + length])
        at += length
    return values


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


# The archives' extension, and how they are unpacked, by layout.
_ARCHIVES: dict[str, tuple[str, Unpack]] = {
    "webdataset": ("tar", _from_tar),
    "parquet": ("parquet", _from_parquet),
    "tfrecord": ("tfrecord", _from_tfrecord),
}
