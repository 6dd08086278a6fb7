"""The stored directory of a TIFF: classic TIFF and BigTIFF, in both byte orders."""

import struct

import pytest

from tests.transforms.imaging.files import tiff_of
from transforms.imaging.tiff_directory import Directory, Entry, read_directory, read_entries, whole_numbers

HEADS = {"classic": b"II*\0", "classic, big-endian": b"MM\0*", "big": b"II+\0", "big, big-endian": b"MM\0+"}
TAGS = {256: 10, 257: 10, 258: 8, 259: 1, 262: 1, 273: 16, 277: 1, 278: 10, 279: 100}


def classic(*entries: bytes, after: bytes = b"") -> bytes:
    """Return a little-endian TIFF that consists of a directory and the bytes `after`."""
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + after


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_whole_numbers(head: bytes) -> None:
    assert whole_numbers(tiff_of({}, head=head)) == TAGS
    assert whole_numbers(tiff_of({330: 70_000}, head=head)) == TAGS | {330: 70_000}


def test_entries_hold_their_values_or_point_to_them() -> None:
    inside, outside, text = (
        struct.pack("<HHII", *entry) for entry in ((258, 3, 2, 7), (273, 4, 2, 46), (270, 2, 5, 3))
    )
    data = classic(inside, outside, text, after=struct.pack("<II", 11, 12))
    directory = read_directory(data, 0, is_big=False)
    assert directory == Directory("<", False, 0, 10, 3)
    assert list(read_entries(data, directory)) == [
        Entry(258, 3, 4, 18, True, inside),
        Entry(273, 4, 8, 46, False, outside),
        Entry(270, 2, 5, 3, False, text),
    ]
    assert whole_numbers(data) == {258: 7, 273: 11}


def test_offsets_count_from_the_header() -> None:
    entry = struct.pack("<HHII", 273, 4, 2, 22)
    data = b"Exif\0\0" + classic(entry)
    directory = read_directory(data, 6, is_big=False)
    assert directory == Directory("<", False, 6, 16, 1)
    assert list(read_entries(data, directory)) == [Entry(273, 4, 8, 28, False, entry)]


def test_an_unknown_type_has_no_size() -> None:
    data = classic(struct.pack("<HHII", 258, 99, 1_000_000, 0))
    (entry,) = read_entries(data, read_directory(data, 0, is_big=False))
    assert (entry.kind, entry.size, entry.is_inside) == (99, 0, True)


def test_a_directory_that_is_cut_off() -> None:
    data = classic(*(struct.pack("<HHII", tag, 3, 1, 5) for tag in (256, 257, 258)))
    directory = read_directory(data, 0, is_big=False)
    entries = read_entries(data[:-1], directory)
    assert [next(entries).tag, next(entries).tag] == [256, 257]
    with pytest.raises(struct.error):
        next(entries)
    assert whole_numbers(data[:-1]) == {}
    assert whole_numbers(data[:-12]) == {256: 5, 257: 5}  # no entry is truncated
    with pytest.raises(struct.error):
        read_directory(data[:9], 0, is_big=False)


@pytest.mark.parametrize(
    "data",
    [b"", b"II*\0", b"GIF89a", b"II*\0" + b"\xff" * 4, b"II+\0\x08\0\0\0" + b"\xff" * 8],
    ids=["nothing", "a header", "another format", "an offset beyond the file", "an offset beyond any file"],
)
def test_what_has_no_directory_has_no_numbers(data: bytes) -> None:
    assert whole_numbers(data) == {}


def test_a_value_that_lies_outside_of_the_file() -> None:
    assert whole_numbers(classic(struct.pack("<HHII", 258, 3, 3, 5000))) == {}
