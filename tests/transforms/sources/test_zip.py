import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.archives import zipped
from tests.transforms.sources.breaks import LOST, until_break
from transforms.imaging.errors import ImageError, Kind
from transforms.model.places import Unreadable, ZipMember
from transforms.sources import zip as zips
from transforms.sources.members import LARGEST, ArchiveError, Member

NOT_READ = " in its archive, which is not supported: unpack the archive"


def listed(data: bytes) -> list[Member]:
    return list(zips.members(io.BytesIO(data), len(data)))


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: data[offset : offset + length]


def content(data: bytes, member: Member) -> bytes:
    assert isinstance(member.place, ZipMember)
    return zips.content(member.place, member.bytes, reader(data))


def failure(data: bytes, member: Member) -> tuple[Kind, str]:
    with pytest.raises(ImageError) as raised:
        content(data, member)
    assert raised.value.stage == "read"
    return raised.value.kind, raised.value.message


def entry(data: bytes, name: bytes) -> int:
    """Return the offset of the directory entry of a file."""
    return data.rindex(name) - 46


def changed(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


names = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\"), min_size=1, max_size=50).filter(
    lambda name: name not in (".", "..")
)


@given(
    st.dictionaries(st.lists(names, min_size=1, max_size=3).map("/".join), st.binary(max_size=3000), max_size=5),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(max_size=50),
)
def test_each_member_has_its_bytes(files: dict[str, bytes], method: int, before: bytes) -> None:
    data = before + zipped(files, method)
    assert {member.path: content(data, member) for member in listed(data)} == files


def test_a_zip64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number in range(3):
            with archive.open(f"{number}.jpg", "w", force_zip64=True) as file:
                file.write(bytes([number]) * 500)
        archive.comment = b"a comment"
    data = buffer.getvalue()
    assert b"PK\6\6" in data
    assert [content(data, member) for member in listed(data)] == [bytes([number]) * 500 for number in range(3)]
    moved = b"program" + data
    assert [content(moved, member)[:1] for member in listed(moved)] == [b"\0", b"\1", b"\2"]


def test_64_bit_sizes_in_the_directory() -> None:
    data = zipped({"a.jpg": b"123"}, zipfile.ZIP_STORED)
    at = entry(data, b"a.jpg")
    extra = struct.pack("<2H2Q", 1, 16, 5_000_000_000, 3)
    entry_64 = bytearray(data[at : at + 46 + 5])
    struct.pack_into("<2L", entry_64, 20, 3, 0xFFFFFFFF)  # only the unpacked size
    struct.pack_into("<H", entry_64, 30, len(extra))
    end = bytearray(data[-22:])
    struct.pack_into("<L", end, 12, len(entry_64) + len(extra))
    (member,) = listed(data[:at] + bytes(entry_64) + extra + bytes(end))
    assert member == Member(
        "a.jpg",
        0,
        Unreadable(Kind.FILE_TOO_LARGE, f"it unpacks to 5,000,000,000 bytes, more than the maximum of {LARGEST:,}"),
    )


def test_names() -> None:
    """Names may be marked as UTF-8. Many other names are UTF-8 too; the rest are MS-DOS names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in (
            "d/",
            "d/utf-\u00e4.jpg",
            "silent-1.jpg",
            "silent-2.jpg",
            "/abs.jpg",
            "sub-dir-w.jpg",
            "uni-x.jpg",
        ):
            info = zipfile.ZipInfo(name)
            info.create_system = 3 if name.startswith("uni") else 0
            archive.writestr(info, b"")
    data = buffer.getvalue().replace(b"silent-1", "sil\u00e4nt1".encode()[:8]).replace(b"silent-2", b"sil\x84nt-2")
    data = data.replace(b"sub-dir-w", b"sub\\dir\\w").replace(b"uni-x", b"uni\\x")
    assert [member.path for member in listed(data)] == [
        *("d/utf-\u00e4.jpg", "sil\u00e4nt1.jpg", "sil\u00e4nt-2.jpg", "abs.jpg", "sub/dir/w.jpg", "uni\\x.jpg")
    ]


@pytest.mark.parametrize("name", ["../a.jpg", "x/../../a.jpg", "..\\a.jpg", "x\\..\\..\\a.jpg"])
def test_a_name_outside_the_folder_is_a_failure(name: str) -> None:
    info = zipfile.ZipInfo("a")
    info.filename, info.create_system = name, 0
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, b"1")
    (member,) = listed(buffer.getvalue())
    reason = "its name in the archive points outside the folder that the archive is unpacked to"
    assert member.place == Unreadable(Kind.NAME_UNUSABLE, reason)


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        (8, struct.pack("<H", 1), "encrypted"),
        (8, struct.pack("<H", 0x2000), "encrypted"),
        (10, struct.pack("<H", 99), "compressed by method 99"),
        (10, struct.pack("<H", 14), "compressed by method 14"),
        (38, struct.pack("<L", 0o120777 << 16), "a link"),
        (38, struct.pack("<L", 0o020666 << 16), "a device"),
    ],
)
def test_unsupported_members_are_failures(field: int, value: bytes, what: str) -> None:
    data = zipped({"a.jpg": b"123", "b.jpg": b"1"})
    first, second = listed(changed(data, entry(data, b"a.jpg") + field, value))
    assert first.place == Unreadable(Kind.UNSUPPORTED_CODING, f"it is {what}{NOT_READ}")
    assert isinstance(second.place, ZipMember)


LIES = "its size or checksum differs from its archive's directory"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [0, 999, 1001])
def test_a_wrong_size(method: int, size: int) -> None:
    data = zipped({"a.jpg": b"x" * 1000}, method)
    (member,) = listed(changed(data, entry(data, b"a.jpg") + 24, struct.pack("<L", size)))
    assert failure(data, member) == (Kind.DAMAGED, LIES)


def test_a_wrong_checksum() -> None:
    data = zipped({"a.jpg": b"x" * 1000})
    (member,) = listed(changed(data, entry(data, b"a.jpg") + 16, b"\0\0\0\0"))
    assert failure(data, member) == (Kind.DAMAGED, LIES)


def test_no_more_is_unpacked_than_the_directory_says() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)[2:-4]
    place = ZipMember(0, len(bomb), 8, 0)
    local = zipped({"a.jpg": b""})[:30]
    data = changed(local, 26, struct.pack("<2H", 0, 0)) + bomb
    assert len(zips._inflated(bomb, 1000)) == 1001
    with pytest.raises(ImageError, match="its size or checksum differs from"):
        zips.content(place, 1000, reader(data))


def test_damaged_bytes() -> None:
    data = zipped({"a.jpg": b"xyz" * 1000 + b"abc"})
    (member,) = listed(data)
    assert failure(changed(data, 36, b"\xff\xff\xff"), member) == (Kind.DAMAGED, "its compressed bytes are damaged")
    assert failure(changed(data, 0, b"XX"), member) == (
        Kind.DAMAGED,
        "it is not where its archive's directory says",
    )
    assert failure(data[:10], member) == (Kind.TRUNCATED, "its archive ends before it")
    assert failure(data[:40], member) == (Kind.TRUNCATED, "its archive ends inside it, after 5 of its compressed bytes")


def test_the_extra_field_of_a_member_may_be_long() -> None:
    info = zipfile.ZipInfo("a.jpg")
    info.extra = struct.pack("<2H", 0x9999, 5000) + bytes(5000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, b"123")
    (member,) = listed(buffer.getvalue())
    assert content(buffer.getvalue(), member) == b"123"


def test_a_truncated_zip_has_no_directory() -> None:
    data = zipped({"a.jpg": b"1" * 5000})
    reason = "is truncated: the directory at its end is missing, so all of it is lost"
    for cut in (1, 100, len(data) - 22, len(data) - 1):
        found, kind, message = until_break(zips.members(io.BytesIO(data[:cut]), cut))
        assert (found, kind, message) == ([], Kind.TRUNCATED, reason)


def test_a_damaged_directory_yields_the_members_before_the_damage() -> None:
    data = zipped({"a.jpg": b"1", "b.jpg": b"2"})
    at = entry(data, b"b.jpg")
    found, kind, message = until_break(zips.members(io.BytesIO(changed(data, at, b"XXXX")), len(data)))
    assert [member.path for member in found] == ["a.jpg"]
    assert (kind, message) == (Kind.DAMAGED, f"has a damaged directory at byte {at:,}: {LOST}")


@pytest.mark.parametrize(("field", "value"), [(28, 0xFFFF), (30, 0xFFFF), (32, 0xFFFF), (28, 6)])
def test_an_entry_that_overruns_the_directory_is_damage(field: int, value: int) -> None:
    """In the last entry, the length of the name, extra field or comment exceeds the directory."""
    data = zipped({"a.jpg": b"1", "b.jpg": b"2"})
    at = entry(data, b"b.jpg")
    lying = changed(data, at + field, struct.pack("<H", value))
    found, kind, message = until_break(zips.members(io.BytesIO(lying), len(lying)))
    assert [member.path for member in found] == ["a.jpg"]
    assert (kind, message) == (Kind.DAMAGED, f"has a damaged directory at byte {at:,}: {LOST}")


@pytest.mark.parametrize(("field", "end"), [(42, 0x7FFFFFFF + 30), (20, 0x7FFFFFFF)])
def test_a_member_outside_the_archive_is_damaged(field: int, end: int) -> None:
    data = zipped({"a.jpg": b"1", "b.jpg": b"2"})
    at = entry(data, b"b.jpg")
    offset, packed = struct.unpack_from("<L", data, at + 42)[0], struct.unpack_from("<L", data, at + 20)[0]
    end += packed if field == 42 else offset + 30
    first, second = listed(changed(data, at + field, struct.pack("<L", 0x7FFFFFFF)))
    directory = entry(data, b"a.jpg")
    reason = (
        f"according to its archive's directory, it ends at byte {end:,}, but the directory begins at byte {directory:,}"
    )
    assert isinstance(first.place, ZipMember)
    assert second == Member("b.jpg", 0, Unreadable(Kind.DAMAGED, reason))


def test_a_wrong_zip64_end_record() -> None:
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, (1 << 63) + 5, 1)
    data = zipped({"a.jpg": b"1"})
    lying = data[:-22] + locator + data[-22:]
    found, kind, message = until_break(zips.members(io.BytesIO(lying), len(lying)))
    assert (found, kind) == ([], Kind.DAMAGED)
    assert message == "has a damaged end-of-directory record: all of it is lost"


def test_the_total_size_of_all_members_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is the same as for a .tar.gz. A member beyond the limit fails, but later ones may fit."""
    monkeypatch.setattr("transforms.sources.members._ANY", 100_000)
    data = zipped({"a.jpg": bytes(60_000), "b.jpg": bytes(500_000), "c.jpg": b"3", "d.jpg": bytes(100_000)})
    limit = 100 * len(data) + 100_000
    first, second, third, fourth = listed(data)
    reason = f"its archive would unpack to more than {limit:,} bytes if this file were included"
    assert 160_000 < limit < 500_000
    assert [content(data, member) for member in (first, third, fourth)] == [bytes(60_000), b"3", bytes(100_000)]
    assert second == Member("b.jpg", 0, Unreadable(Kind.FILE_TOO_LARGE, reason))


@pytest.mark.parametrize("method", ["parts", "beyond"])
def test_a_wrong_end_record(method: str) -> None:
    data = zipped({"a.jpg": b"1"})
    end = len(data) - 22
    data = changed(data, end + 4, b"\1\0\1\0") if method == "parts" else changed(data, end + 16, b"\xff\xff\xff\x7f")
    found, kind, message = until_break(zips.members(io.BytesIO(data), len(data)))
    assert (found, kind, message) == (
        (
            [],
            Kind.UNSUPPORTED_CODING,
            "is one part of a multi-part archive, which is not supported: join the parts into one archive",
        )
        if method == "parts"
        else ([], Kind.DAMAGED, "has a directory that is larger than the archive: all of it is lost")
    )


def test_a_zip_without_members() -> None:
    assert listed(zipped({})) == []


@given(st.binary(max_size=300), st.data())
def test_any_damage_raises_only_expected_errors(noise: bytes, data: st.DataObject) -> None:
    archive = bytearray(zipped({"a.jpg": b"xyz" * 100, "b.jpg": b"1"}))
    for byte in noise[:8]:
        archive[data.draw(st.integers(0, len(archive) - 1))] = byte
    try:
        for member in zips.members(io.BytesIO(archive), len(archive)):
            if isinstance(member.place, ZipMember):
                content = zips.content(member.place, member.bytes, reader(bytes(archive)))
                assert (len(content), zlib.crc32(content)) == (member.bytes, member.place.crc)
    except (ArchiveError, ImageError):
        pass
