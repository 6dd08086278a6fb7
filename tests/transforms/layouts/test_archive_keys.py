import os

import pytest
from hypothesis import given

from tests.support.names import NAMES
from transforms.layouts.archive import archive_key


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
    assert archive_key(key) == expected


@given(NAMES, NAMES)
def test_archive_keys_are_what_readers_need(key: str, other_key: str) -> None:
    escaped = archive_key(key)
    assert "." not in escaped
    assert not any(part.startswith("__") for part in escaped.split("/"))
    assert not any(ord(character) < 32 for character in escaped)
    escaped.encode("utf-8")
    assert (escaped == archive_key(other_key)) == (key == other_key)
