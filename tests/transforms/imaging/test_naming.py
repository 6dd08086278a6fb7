import os
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.imaging import naming
from transforms.imaging.opening import FORMATS

# Any name that a file system can have: any bytes but NUL, decoded as Python decodes them.
KEYS = st.binary(min_size=1, max_size=60).filter(lambda name: b"\0" not in name).map(os.fsdecode)


@pytest.mark.parametrize(
    ("path", "extension", "tried", "key"),
    [
        ("a/b.jpg", ".jpg", True, "a/b"),
        ("a/B.JPEG", ".jpeg", True, "a/B"),
        ("x.y.webp", ".webp", True, "x.y"),
        ("a.b/c", "", False, "a.b/c"),
        (".jpg", "", False, ".jpg"),
        ("notes.txt", ".txt", False, "notes.txt"),
        ("photo.eps", ".eps", False, "photo"),
        ("photo.HEIC", ".heic", True, "photo"),
        ("b.jpg?size=large", ".*", False, "b.jpg?size=large"),
        ("img.0001", ".*", False, "img.0001"),
        ("photo.jpg.gz", ".gz", False, "photo.jpg.gz"),
        ("odd.a b", ".*", False, "odd.a b"),
        ("long.abcdefghijk", ".*", False, "long.abcdefghijk"),
    ],
)
def test_the_parts_of_a_path(path: str, extension: str, tried: bool, key: str) -> None:
    assert naming.extension_of(path) == extension
    assert naming.is_tried(path) is tried
    assert naming.is_tried(path, any_name=True)
    assert naming.key_of(path) == key


@pytest.mark.parametrize(
    "path",
    [
        *("__MACOSX/a/._b.jpg", "x/__MACOSX/b.jpg", "._b.jpg", "x/._b.jpg", ".DS_Store", "x/.DS_Store", "Thumbs.db"),
        *("x/thumbs.db", "ehthumbs.db", "desktop.ini", "x/@eaDir/b.jpg/SYNOPHOTO_THUMB_M.jpg", ".AppleDouble/b.jpg"),
        *(".Trashes/501/b.jpg", ".Trash-1000/files/b.jpg", "$RECYCLE.BIN/b.jpg", ".ipynb_checkpoints/b.jpg"),
        *("System Volume Information/b.jpg", ".Spotlight-V100/b.jpg", ".fseventsd/b", ".TemporaryItems/b.jpg"),
    ],
)
def test_system_files(path: str) -> None:
    assert naming.is_system_file(path)


@pytest.mark.parametrize(
    "path",
    [
        *("a.jpg", "MACOSX/a.jpg", "_a.jpg", "__a.jpg", ".a.jpg", "..jpg", "__MACOSX.jpg", "@eaDir.jpg", "@ea/a.jpg"),
        *("Thumbs/a.jpg", "Thumbs.db/a.jpg", "DS_Store", ".hidden/a.jpg", "._x/a.jpg", "a._b.jpg", "trash-1/a.jpg"),
    ],
)
def test_files_of_people(path: str) -> None:
    assert not naming.is_system_file(path)


def test_no_format_that_starts_another_program_is_opened() -> None:
    assert not naming.TRIED_EXTENSIONS & {"eps", "ps", "wmf", "emf", "pdf", "svg", "mpg"}
    assert not set(FORMATS) & {"EPS", "WMF", "PDF", "GBR"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("train/000a1249af2bc5f0", "train/000a1249af2bc5f0"),
        ("sub folder/héllo", "sub folder/héllo"),
        ("a.b", "a%2Eb"),
        (".hidden/.b", "%2Ehidden/%2Eb"),
        ("100%", "100%25"),
        ("__key__/x__y", "%5F%5Fkey__/x__y"),
        ("x/__y", "x/%5F%5Fy"),
        ("new\nline", "new%0Aline"),
        (os.fsdecode(b"caf\xe9"), "caf%E9"),
    ],
)
def test_archive_key(key: str, expected: str) -> None:
    assert naming.archive_key(key) == expected


@given(KEYS, KEYS)
def test_archive_keys_are_what_readers_need(key: str, other_key: str) -> None:
    escaped = naming.archive_key(key)
    assert "." not in escaped
    assert not any(part.startswith("__") for part in escaped.split("/"))
    assert not any(ord(character) < 32 for character in escaped)
    escaped.encode("utf-8")
    assert (escaped == naming.archive_key(other_key)) == (key == other_key)


@given(KEYS, st.integers(1, 10_000))
def test_shard_index_is_in_range_and_stable(key: str, count: int) -> None:
    index = naming.shard_index(key, count)
    assert 0 <= index < count
    assert naming.shard_index(key, count) == index


def test_shard_index_is_the_same_on_every_machine() -> None:
    assert [naming.shard_index(f"train/{number:016x}", 1743) for number in range(6)] == [
        1072,
        1225,
        1436,
        937,
        583,
        213,
    ]


def test_shards_have_similar_sizes() -> None:
    counts = [0] * 20
    for number in range(20_000):
        counts[naming.shard_index(f"{number:016x}", 20)] += 1
    assert min(counts) > 880
    assert max(counts) < 1120


@given(KEYS, st.fractions(0, 1), st.fractions(0, 1))
def test_a_larger_sample_contains_the_smaller(key: str, sample: Fraction, other_sample: Fraction) -> None:
    smaller, larger = sorted((sample, other_sample))
    assert naming.in_sample(key, larger) or not naming.in_sample(key, smaller)
    assert naming.in_sample(key, Fraction(1))
    assert not naming.in_sample(key, Fraction(0))


def test_a_sample_has_its_share() -> None:
    count = sum(naming.in_sample(f"{number:016x}", Fraction(1, 10)) for number in range(20_000))
    assert 1_850 < count < 2_150
