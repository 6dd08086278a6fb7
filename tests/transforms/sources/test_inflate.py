import contextlib
import gzip
import io
import itertools
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.sources.breaks import LOST
from transforms.imaging.errors import Kind
from transforms.sources import inflate
from transforms.sources.inflate import START, Inflater, Point
from transforms.sources.members import ArchiveError
from transforms.sources.unpacked import Unpacked

TEXT = b"".join(b"%d hello %d\n" % (number, number * number) for number in range(40_000))
NOISE = random.Random(1).randbytes(300_000)


def unpack(data: bytes, start: Point = START) -> tuple[bytes, list[Point]]:
    points: list[Point] = []
    inflater = Inflater(io.BytesIO(data), start, points.append)
    try:
        return b"".join(iter(inflater.read, b"")), points
    finally:
        inflater.close()


def broken(data: bytes) -> tuple[bytes, Kind, str]:
    inflater = Inflater(io.BytesIO(data))
    unpacked = b""
    try:
        while piece := inflater.read():
            unpacked += piece
    except ArchiveError as error:
        return unpacked, error.kind, error.message
    finally:
        inflater.close()
    raise AssertionError("the file ends properly")


@pytest.fixture
def _near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "SPACING", 10_000)


@pytest.mark.usefixtures("_near")
@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("content", [TEXT, NOISE, TEXT + NOISE + TEXT], ids=["text", "noise", "both"])
def test_unpacking_begins_at_any_point(content: bytes, level: int) -> None:
    """Seek points may be at any bit of a byte, and unpacking continues across gzip members."""
    data = gzip.compress(content, level) + gzip.compress(content[::-1], 6) + bytes(1000)
    whole = content + content[::-1]
    unpacked, points = unpack(data)
    assert unpacked == whole
    assert len(points) > 5
    assert all(later.offset - point.offset >= 10_000 for point, later in itertools.pairwise(points))
    for point in points:
        assert len(point.window) <= 1 << 15
        rest, _ = unpack(data, point)
        assert rest == whole[point.offset :]
    if level and content != NOISE:
        assert len({point.bits for point in points}) > 4


def test_seek_points_have_a_minimum_distance() -> None:
    """A text has a seek point only after 32 MB, whatever its blocks are."""
    assert len(unpack(gzip.compress(TEXT * 25))[1]) == 0
    assert len(unpack(gzip.compress(TEXT * 50))[1]) == 1


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"", Kind.TRUNCATED, f"is truncated at byte 0: {LOST}"),
        (gzip.compress(NOISE, mtime=0)[:5], Kind.TRUNCATED, f"is truncated at byte 5: {LOST}"),
        (
            gzip.compress(NOISE, mtime=0)[:-1],
            Kind.TRUNCATED,
            f"is truncated at byte {len(gzip.compress(NOISE, mtime=0)) - 1:,}: {LOST}",
        ),
        (b"<html>", Kind.DAMAGED, f"is damaged at byte 2: {LOST}"),
    ],
)
def test_truncated_and_damaged_files(data: bytes, kind: Kind, reason: str) -> None:
    assert broken(data)[1:] == (kind, reason)


def test_everything_before_a_break_is_unpacked() -> None:
    data = gzip.compress(TEXT)
    unpacked, kind, message = broken(data[: len(data) // 2])
    assert (kind, message) == (Kind.TRUNCATED, f"is truncated at byte {len(data) // 2:,}: {LOST}")
    assert unpacked == zlib.decompressobj(31).decompress(data[: len(data) // 2])
    half = gzip.compress(TEXT)[: len(data) // 2] + b"\xff" * 300
    unpacked, kind, message = broken(half)
    assert kind is Kind.DAMAGED
    assert TEXT.startswith(unpacked[: -(1 << 10)])
    assert len(unpacked) > 200_000


@pytest.mark.parametrize("offset", [-8, -4])
def test_a_wrong_checksum(offset: int) -> None:
    data = bytearray(gzip.compress(TEXT))
    data[offset] ^= 1
    unpacked, kind, message = broken(bytes(data))
    assert unpacked == TEXT
    assert kind is Kind.DAMAGED
    assert message.endswith(": everything before it may be damaged")


def multi_member(*wrong: int) -> tuple[bytes, list[int]]:
    """Return a gzip file with three members, and the offsets of the ends of their checksums.

    Args:
        wrong: the numbers of the members with a wrong checksum.
    """
    members, ends, end = [bytearray(gzip.compress(part, mtime=0)) for part in (TEXT, NOISE, TEXT)], [], 0
    for number, member in enumerate(members):
        member[-8] ^= number in wrong
        end += len(member)
        ends.append(end - 4)
    return b"".join(members), ends


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_members_after_a_wrong_checksum_are_unpacked(wrong: int) -> None:
    data, ends = multi_member(wrong)
    for padding in (b"", bytes(5000)):
        reason = f"has a wrong checksum at byte {ends[wrong]:,}: everything before it may be damaged"
        assert broken(data + padding) == (TEXT + NOISE + TEXT, Kind.DAMAGED, reason)


def test_several_wrong_checksums_and_a_break() -> None:
    data, ends = multi_member(0, 1)
    sums = f"has 2 wrong checksums, the last at byte {ends[1]:,}: everything before it may be damaged"
    assert broken(data) == (TEXT + NOISE + TEXT, Kind.DAMAGED, sums)
    reason = f"is truncated at byte {len(data) - 1:,}: {LOST}; it also {sums}"
    assert broken(data[:-1]) == (TEXT + NOISE + TEXT, Kind.TRUNCATED, reason)


def test_members_after_a_wrong_length_are_unpacked() -> None:
    first = bytearray(gzip.compress(TEXT, mtime=0))
    first[-1] ^= 1
    reason = f"has a wrong checksum at byte {len(first):,}: everything before it may be damaged"
    assert broken(bytes(first) + gzip.compress(NOISE)) == (TEXT + NOISE, Kind.DAMAGED, reason)


def test_data_lost_after_a_wrong_checksum_is_reported() -> None:
    """Damage may look like the end of a member. The data after it is then not a member, and cannot be read."""
    data = bytearray(gzip.compress(TEXT, mtime=0))
    data[-8] ^= 1
    reason = f"has a wrong checksum at byte {len(data) - 4:,}: everything before it may be damaged, and {LOST}"
    assert broken(bytes(data) + bytes(300_000) + NOISE) == (TEXT, Kind.DAMAGED, reason)


@given(st.binary(max_size=400))
def test_noise_raises_only_archive_errors(noise: bytes) -> None:
    for data in (noise, b"\x1f\x8b\x08\0\0\0\0\0\0\3" + noise):
        with contextlib.suppress(ArchiveError):
            assert unpack(data)[0] == zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(data)


@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 60_000)), max_size=8))
def test_unpacked_bytes_are_read_forwards(steps: list[tuple[int, int]]) -> None:
    content = TEXT + NOISE
    inflater = Inflater(io.BytesIO(gzip.compress(content, 1)))
    unpacked, at = Unpacked(inflater, len(content)), 0
    for skipped, size in steps:
        assert unpacked.seek(at + skipped) == min(at + skipped, len(content))
        at += skipped
        assert unpacked.read(size) == content[at : at + size]
        at = min(at + size, len(content))
    inflater.close()


def test_no_more_is_unpacked_than_the_limit() -> None:
    inflater = Inflater(io.BytesIO(gzip.compress(bytes(10_000_000))))
    unpacked = Unpacked(inflater, 1_000_000)
    with pytest.raises(ArchiveError, match=f"unpacks to more than 1,000,000 bytes: {LOST}"):
        unpacked.seek(10_000_000)
    assert inflater.offset < 1_600_000
    inflater.close()
