import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.archives import tar, tar_of
from tests.transforms.sources.breaks import LOST, until_break
from transforms.imaging.errors import Kind
from transforms.model.places import TarMember, Unreadable
from transforms.sources.members import Member
from transforms.sources.tar import members

BLOCK = 512
NOT_READ = " in its archive, which is not supported: unpack the archive"


class Counted(io.BytesIO):
    """A file that counts the bytes that are read from it."""

    total = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.total += len(data)
        return data


def listed(data: bytes) -> list[Member]:
    return list(members(io.BytesIO(data), TarMember, len(data)))


def broken(data: bytes) -> tuple[list[str], Kind, str]:
    """Return the paths of the members before the break of an archive, and the kind and message of the error."""
    found, kind, message = until_break(members(io.BytesIO(data), TarMember, len(data)))
    return [member.path for member in found], kind, message


names = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=150).filter(
    lambda name: name not in (".", "..")
)


@given(
    st.lists(st.tuples(st.lists(names, min_size=1, max_size=3).map("/".join), st.binary(max_size=1500)), max_size=5),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
def test_members_have_the_offsets_of_their_bytes(files: list[tuple[str, bytes]], image_format: int) -> None:
    data = tar(files, image_format)
    found = [
        (member.path, data[member.place.offset : member.place.offset + member.bytes])
        for member in listed(data)
        if isinstance(member.place, TarMember)
    ]
    assert found == files


def test_no_body_is_read() -> None:
    file = Counted(tar({f"{number}.jpg": bytes(1_000_000) for number in range(10)}))
    assert len(list(members(file, TarMember))) == 10
    assert file.total < 10 * 1024 + 2048


def test_a_size_may_have_more_digits_than_its_field() -> None:
    """The tar has unknown size, and contains only the header of a member of 10 GB."""
    info = tarfile.TarInfo("a.jpg")
    info.size = 10_000_000_000
    found, kind, message = until_break(members(io.BytesIO(info.tobuf(tarfile.GNU_FORMAT)), TarMember))
    assert found == [Member("a.jpg", 10_000_000_000, TarMember(BLOCK))]
    assert (kind, message) == (Kind.TRUNCATED, f"is truncated at byte 10,000,000,512 of the unpacked archive: {LOST}")


def test_folders_are_left_out_and_names_are_relative() -> None:
    data = tar_of(
        [
            ("d", b"", {"type": tarfile.DIRTYPE}),
            ("./d/a.jpg", b"1", {}),
            ("/etc/b.jpg", b"2", {}),
            ("c//.//d.jpg", b"3", {}),
            ("old/", b"", {"type": tarfile.AREGTYPE}),
        ]
    )
    assert [member.path for member in listed(data)] == ["d/a.jpg", "etc/b.jpg", "c/d.jpg"]


@pytest.mark.parametrize("name", ["../a.jpg", "x/../../a.jpg", "/../a.jpg", "x/.."])
def test_a_name_outside_the_folder_is_a_failure(name: str) -> None:
    (member,) = listed(tar({name: b"123"}))
    reason = "its name in the archive points outside the folder that the archive is unpacked to"
    assert member == Member(name, 0, Unreadable(Kind.NAME_UNUSABLE, reason))


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a device"),
    ],
)
def test_members_that_are_not_files_are_failures(kind: bytes, what: str) -> None:
    data = tar_of([("a.jpg", b"", {"type": kind, "linkname": "/etc/passwd"}), ("b.jpg", b"1", {})])
    reason = f"it is {what}{NOT_READ}"
    assert listed(data)[0] == Member("a.jpg", 0, Unreadable(Kind.UNSUPPORTED_CODING, reason))
    assert listed(data)[1].path == "b.jpg"


def test_a_sparse_file_is_a_failure() -> None:
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s.jpg", "GNU.sparse.realsize": "9"}
    data = tar_of([("x", b"0\n".ljust(BLOCK, b"\0"), {"pax_headers": headers}), ("b.jpg", b"1", {})])
    sparse, other = listed(data)
    assert sparse == Member("s.jpg", 0, Unreadable(Kind.UNSUPPORTED_CODING, f"it is a sparse file{NOT_READ}"))
    assert other.path == "b.jpg"


def test_names_need_not_be_utf8() -> None:
    (member,) = listed(tar({b"caf\xe9.jpg".decode("utf-8", "surrogateescape"): b"1"}, tarfile.GNU_FORMAT))
    assert member.path.encode("utf-8", "surrogateescape") == b"caf\xe9.jpg"


@pytest.mark.parametrize(
    ("cut", "before", "at"),
    [  # the headers are at 0, 1,536 and 2,560, and the end at 3,584
        (1000, ["a.jpg"], 1000),
        (1536, ["a.jpg"], 1536),
        (1700, ["a.jpg"], 1536),
        (2048, ["a.jpg", "b.jpg"], 2048),
        (2560, ["a.jpg", "b.jpg"], 2560),
        (3584, ["a.jpg", "b.jpg", "c.jpg"], 3584),
    ],
)
def test_a_truncated_archive_yields_the_members_before_the_break(cut: int, before: list[str], at: int) -> None:
    """An incomplete member is listed as a failure."""
    data = tar({"a.jpg": b"1" * 700, "b.jpg": b"2", "c.jpg": b"3"}, tarfile.USTAR_FORMAT)
    assert broken(data[:cut]) == (before, Kind.TRUNCATED, f"is truncated at byte {at:,}: {LOST}")


def test_a_damaged_header_is_not_taken_for_the_end() -> None:
    data = bytearray(tar({"a.jpg": b"1" * 700, "b.jpg": b"2", "c.jpg": b"3"}, tarfile.USTAR_FORMAT))
    data[1536 + 3] ^= 1
    assert broken(bytes(data)) == (["a.jpg"], Kind.DAMAGED, f"has a damaged header at byte 1,536: {LOST}")


@pytest.mark.parametrize("data", [b"<!DOCTYPE html>" * 100, b"short", b"\xff" * 5000])
def test_other_files_are_not_tars(data: bytes) -> None:
    assert broken(data) == ([], Kind.NOT_AN_ARCHIVE, "does not contain a tar archive")


def test_a_tar_without_members() -> None:
    assert listed(tar({})) == []


@pytest.mark.parametrize("padding", [0, 2 * BLOCK, 100 * BLOCK])
def test_appended_tars_are_read(padding: int) -> None:
    """`tar --ignore-zeros` does the same. The first tar may be empty."""
    for first in ([], [("a.jpg", b"1"), ("a.jpg", b"2")]):
        second = [("b.jpg", b"33"), (f"{'c' * 150}.jpg", b"444")]
        data = tar(first) + bytes(padding) + tar(second) + tar([])
        assert [
            (member.path, data[member.place.offset : member.place.offset + member.bytes])
            for member in listed(data)
            if isinstance(member.place, TarMember)
        ] == first + second


@pytest.mark.parametrize("garbage", [b"x", b"x" * BLOCK, bytes(BLOCK) + b"x" * 5000])
def test_garbage_after_the_end_is_ignored(garbage: bytes) -> None:
    assert [member.path for member in listed(tar({"a.jpg": b"1"}) + garbage)] == ["a.jpg"]


def header(name: str, size: bytes, kind: bytes = b"0") -> bytes:
    """Return a header with a correct checksum and any content in the size field."""
    fields = name.encode().ljust(100, b"\0") + b"0000644\0" * 3 + size.ljust(12, b"\0") + b"0" * 11 + b"\0"
    rest = (kind + bytes(100) + b"ustar\x0000").ljust(356, b"\0")
    total = sum(fields) + sum(b" " * 8) + sum(rest)
    return fields + b"%06o\0 " % total + rest


def base_256(size: int) -> bytes:
    return (size & ((1 << 96) - 1) | (1 << 95 if size > 0 else 0)).to_bytes(12)


NEGATIVE = base_256(-1024)
FIRST = header("a.jpg", b"1") + bytes(BLOCK)


@pytest.mark.parametrize("size", [-1, -256, -511, -512, -513, -(1 << 62)])
def test_a_negative_size_is_damage(size: int) -> None:
    data = FIRST + header("b.jpg", base_256(size)) + tar({"c.jpg": b"3"})
    expected = ["a.jpg"], Kind.DAMAGED, f"has a damaged header at byte 1,024: {LOST}"
    assert broken(data) == expected
    in_stream = until_break(members(io.BytesIO(data), TarMember))
    assert in_stream[1:] == (Kind.DAMAGED, f"has a damaged header at byte 1,024 of the unpacked archive: {LOST}")
    assert [member.path for member in in_stream[0]] == ["a.jpg"]


@pytest.mark.parametrize("size", [513, 30_000_000_000, 1 << 62, 1 << 63, 1 << 80])
def test_a_member_larger_than_the_archive_is_truncated(size: int) -> None:
    data = FIRST + header("b.jpg", base_256(size)) + bytes(BLOCK)
    found, kind, message = until_break(members(io.BytesIO(data), TarMember, len(data)))
    held = f"its archive ends inside it: only 512 of its {size:,} bytes are present"
    assert found == [Member("a.jpg", 1, TarMember(BLOCK)), Member("b.jpg", 0, Unreadable(Kind.TRUNCATED, held))]
    assert (kind, message) == (Kind.TRUNCATED, f"is truncated at byte 2,048: {LOST}")


def test_a_damaged_first_header() -> None:
    lying = header("b.jpg", b"20", b"x") + b"21 GNU.sparse.map=x\n".ljust(BLOCK, b"\0") + header("b.jpg", b"0")
    assert broken(lying)[1:] == (Kind.DAMAGED, f"has a damaged header at byte 0: {LOST}")


@pytest.mark.parametrize(
    "lying",
    [
        header("b.jpg", NEGATIVE),  # would be listed forever
        header("b.jpg", NEGATIVE, b"L"),
        header("b.jpg", NEGATIVE, b"x"),
        header("b.jpg", b"77777777777", b"L") + bytes(5 << 20),  # a name of 8 GB
        header("b.jpg", b"77777777777", b"x") + bytes(5 << 20),
        header("b.jpg", b"1", b"L") + b"n".ljust(BLOCK, b"\0"),  # a long name without a member
        (header("b.jpg", b"1", b"L") + b"n".ljust(BLOCK, b"\0")) * 3000,  # long names of long names ...
        header("b.jpg", b"20", b"x") + b"999999 path=x\n".ljust(BLOCK, b"\0"),
        header("b.jpg", b"zzz"),
    ],
)
def test_an_inconsistent_header_ends_the_archive(lying: bytes) -> None:
    found, kind, message = broken(FIRST + lying)
    assert found[:1] == ["a.jpg"]
    assert len(found) <= 2
    assert kind in (Kind.DAMAGED, Kind.TRUNCATED)
    assert message.endswith(LOST)
