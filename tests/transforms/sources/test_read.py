import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.disk_store import SCHEME
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.spec import ResizeSpec
from transforms.listing.match import to_source
from transforms.model.config import ResizeConfig, Split
from transforms.model.places import Place, TarMember, Unreadable, pack, unpack
from transforms.model.records import Source
from transforms.sources import is_read_by_workers, read

NAMES = st.binary(min_size=1).filter(lambda name: b"\0" not in name).map(os.fsdecode)


@given(NAMES, NAMES, st.integers(0, 1 << 62), st.text())
def test_a_place_is_unpacked_as_it_was_packed(path: str, file: str, offset: int, message: str) -> None:
    places: list[Place] = [TarMember(offset), Unreadable("damaged", message)]
    for place in places:
        assert unpack(pack(place, file), path) == (place, file)
    assert pack(None, file) == b""
    assert unpack(b"", path) == (None, path)


def test_a_source_has_the_location_of_its_archive() -> None:
    config = ResizeConfig((Split("a", "/in/**", "/in"),), "/out", ResizeSpec(), "files", 100, 2)
    packed = pack(TarMember(512), "x/pics.tar")
    source = Source("x/deep/a", "x/deep/a.jpg", "/in/x/pics.tar", 7, 1.5, TarMember(512))
    assert to_source(("a", b"x/deep/a.jpg", 7, 1.5, packed), config) == source


@pytest.mark.parametrize("scheme", ["", SCHEME])
def test_a_member_is_read_by_range(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "a.tar").write_bytes(b"0123456789")
    source = Source("a", "a.jpg", f"{scheme}{tmp_path}/a.tar", 4, 1.0, TarMember(3))
    assert read(source) == b"3456"
    assert is_read_by_workers(source) == (scheme == "")
    assert read(source._replace(bytes=0)) == b""
    with pytest.raises(ImageError) as raised:
        read(source._replace(bytes=8))
    message = "its archive ends inside it: only 7 of its 8 bytes are present"
    assert (raised.value.kind, raised.value.stage, raised.value.message) == (Kind.TRUNCATED, "read", message)


def test_an_unreadable_source_fails_with_the_kind_and_message_of_its_listing() -> None:
    source = Source("a", "a.jpg", "gs://bucket/a.zip", 4, 1.0, Unreadable("unsupported-coding", "it is encrypted"))
    assert is_read_by_workers(source)
    with pytest.raises(ImageError) as raised:
        read(source)
    assert (raised.value.kind, raised.value.stage, raised.value.message) == (
        Kind.UNSUPPORTED_CODING,
        "read",
        "it is encrypted",
    )


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="the file cannot be read: No such file or directory") as raised:
        read(Source("a", "a.jpg", f"{tmp_path}/a.jpg", 4, 1.0))
    assert raised.value.kind is Kind.UNREADABLE
