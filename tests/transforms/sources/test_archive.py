import gzip
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.disk_store import SCHEME
from tests.support.archives import KINDS, packed, tar, zipped
from tests.transforms.sources.breaks import LOST, until_break
from tests.transforms.sources.test_tar import header
from transforms import storage
from transforms.imaging.errors import ImageError, Kind
from transforms.model.places import GzipMember, Unreadable
from transforms.model.records import RUN_DIR, Source
from transforms.sources import gzip_index, inflate, read, stream
from transforms.sources.archive import Archive, is_archive, members, prepare, without_end
from transforms.sources.members import LARGEST, Member
from transforms.sources.stream import OrderedReader, stream_of

FILES = {f"d/{number:02d}.jpg": os.urandom(3000 + number) for number in range(30)}


@pytest.fixture
def out(tmp_path: Path) -> str:
    """Return the folder of a dataset as a run creates it at its start."""
    (tmp_path / "out" / RUN_DIR).mkdir(parents=True)
    return str(tmp_path / "out")


def archive(tmp_path: Path, data: bytes, name: str = "a.tar.gz", scheme: str = "") -> Archive:
    (tmp_path / name).write_bytes(data)
    return Archive(f"{scheme}{tmp_path / name}", len(data), 1.5)


def source(member: Member, of: Archive, out: str) -> Source:
    place = member.place
    if isinstance(place, GzipMember):
        place = place._replace(index_dir=storage.join(out, place.index_dir))
    return Source(member.path, member.path, of.location, member.bytes, 1.5, place)


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("a.tar", "a"),
        ("x/B.TAR.GZ", "x/B"),
        ("a.b.tgz", "a.b"),
        ("a.ZIP", "a"),
        ("a.gz", None),
        ("tar", None),
        ("a.tar.bz2", None),
    ],
)
def test_archives_are_recognized_by_their_names(path: str, stem: str | None) -> None:
    assert is_archive(path) == (stem is not None)
    assert without_end(path) == (path if stem is None else stem)


@pytest.mark.parametrize("scheme", ["", SCHEME])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a.tar.gz"])
def test_the_content_decides_how_an_archive_is_read(
    tmp_path: Path, out: str, scheme: str, kind: str, name: str
) -> None:
    found = archive(tmp_path, packed(FILES, kind), name, scheme)
    out = f"{scheme}{out}"
    assert {member.path: read(source(member, found, out)) for member in members(found, out)} == FILES


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b"", Kind.EMPTY_FILE, "is empty"),
        (
            b"<!DOCTYPE html><html>...",
            Kind.NOT_AN_ARCHIVE,
            "is neither a tar nor a zip: it begins with b'<!DOCTYPE html><'",
        ),
        (gzip.compress(b"some text", mtime=0), Kind.NOT_AN_ARCHIVE, "does not contain a tar archive"),
        (gzip.compress(b"", mtime=0), Kind.NOT_AN_ARCHIVE, "does not contain a tar archive"),
        (b"\x1f\x8b", Kind.TRUNCATED, f"is truncated at byte 2: {LOST}"),
        (
            b"PK\3\4",
            Kind.TRUNCATED,
            "is truncated: the directory at its end is missing, so all of it is lost",
        ),
    ],
)
def test_a_file_that_is_not_an_archive(tmp_path: Path, out: str, data: bytes, kind: Kind, message: str) -> None:
    assert until_break(members(archive(tmp_path, data), out)) == ([], kind, message)


def test_a_missing_archive(tmp_path: Path, out: str) -> None:
    gone = Archive(str(tmp_path / "a.tar.gz"), 100, 1.0)
    reason = "cannot be read: No such file or directory"
    assert until_break(members(gone, out)) == ([], Kind.UNREADABLE, reason)
    assert not list(Path(out, RUN_DIR).iterdir())


def test_a_stream_is_unpacked_once(tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = archive(tmp_path, packed(FILES, "tar.gz"))
    prepare(found, out)
    monkeypatch.setattr(gzip_index, "_list", None)  # so that a second call would fail
    prepare(found, out)
    assert [member.path for member in members(found, out)] == list(FILES)


def test_a_changed_archive_is_unpacked_again(tmp_path: Path, out: str) -> None:
    found = archive(tmp_path, packed(FILES, "tar.gz"))
    prepare(found, out)
    changed = archive(tmp_path, packed({"new.jpg": b"1"}, "tar.gz"))._replace(version=2.5)
    assert [member.path for member in members(changed, out)] == ["new.jpg"]


def test_an_incomplete_index_is_written_again(tmp_path: Path, out: str) -> None:
    """Simulate a run that was killed before it wrote the index."""
    found = archive(tmp_path, packed(FILES, "tar.gz"))
    prepare(found, out)
    (index,) = Path(out).rglob("index.json")
    (lines,) = Path(out).rglob("members.jsonl")
    index.unlink()
    lines.write_bytes(b"half a li")
    assert [member.path for member in members(found, out)] == list(FILES)


def test_a_truncated_stream_yields_the_members_before_the_break(tmp_path: Path, out: str) -> None:
    data = packed(FILES, "tar.gz")
    found = archive(tmp_path, data[: len(data) // 2])
    before, kind, message = until_break(members(found, out))
    assert (kind, message) == (Kind.TRUNCATED, f"is truncated at byte {len(data) // 2:,}: {LOST}")
    cut = Unreadable(Kind.TRUNCATED, "its archive is truncated or damaged inside it")
    assert [member.path for member in before] == list(FILES)[: len(before)]
    assert 12 < len(before) < 18
    assert before[-1].place == cut
    whole = [member for member in before if member.place != cut]
    assert len(whole) >= len(before) - 1
    assert {member.path: read(source(member, found, out)) for member in whole} == dict(
        list(FILES.items())[: len(whole)]
    )


def test_a_truncated_tar_in_a_complete_stream(tmp_path: Path, out: str) -> None:
    """The error has an offset in the unpacked archive, which is larger than the archive itself."""
    found = archive(tmp_path, gzip.compress(header("a.jpg", b"1300000")))
    cut = Unreadable(Kind.TRUNCATED, "its archive is truncated or damaged inside it")
    reason = f"is truncated at byte 360,960 of the unpacked archive: {LOST}"
    assert until_break(members(found, out)) == ([Member("a.jpg", 0, cut)], Kind.TRUNCATED, reason)


def test_appended_archives_are_read(tmp_path: Path, out: str) -> None:
    names = list(FILES)
    first, second = ({name: FILES[name] for name in part} for part in (names[:20], names[20:]))
    for kind in ("tar", "tar.gz"):
        found = archive(tmp_path, packed(first, kind) + packed(second, kind), f"a.{kind}")
        assert {member.path: read(source(member, found, out)) for member in members(found, out)} == FILES


def test_members_after_a_wrong_checksum_are_read(tmp_path: Path, out: str) -> None:
    """Archives of pigz and bgzip consist of several gzip members."""
    whole = tar(FILES)
    parts = [bytearray(gzip.compress(whole[start : start + 20_000])) for start in range(0, len(whole), 20_000)]
    parts[1][-8] ^= 1
    found = archive(tmp_path, b"".join(parts))
    listed, kind, message = until_break(members(found, out))
    at = len(parts[0]) + len(parts[1]) - 4
    assert (kind, message) == (
        Kind.DAMAGED,
        f"has a wrong checksum at byte {at:,}: everything before it may be damaged",
    )
    assert {member.path: read(source(member, found, out)) for member in listed} == FILES


def test_a_self_extracting_zip_is_recognized_by_its_name(tmp_path: Path, out: str) -> None:
    data = b"MZ program" + packed(FILES, "zip")
    found = archive(tmp_path, data, "a.ZIP")
    assert {member.path: read(source(member, found, out)) for member in members(found, out)} == FILES
    reason = "is neither a tar nor a zip: it begins with b'MZ programPK\\x03\\x04\\x14\\x00'"
    assert until_break(members(archive(tmp_path, data, "a.tar"), out)) == ([], Kind.NOT_AN_ARCHIVE, reason)
    page = archive(tmp_path, b"<html>", "page.zip")
    reason = "is neither a tar nor a zip: it begins with b'<html>'"
    assert until_break(members(page, out)) == ([], Kind.NOT_AN_ARCHIVE, reason)
    inner = archive(tmp_path, tar({"a.jpg": b"1", "in.zip": packed(FILES, "zip")}), "tar.zip")
    assert [member.path for member in members(inner, out)] == ["a.jpg", "in.zip"]


def test_a_member_that_claims_to_be_huge_is_a_failure(
    tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gzip_index, "LARGEST", 3010)
    found = archive(tmp_path, packed(FILES, "tar.gz"))
    sizes = {member.path: member.place for member in members(found, out)}
    assert sizes["d/11.jpg"] == Unreadable(Kind.FILE_TOO_LARGE, "it has 3,011 bytes, more than the maximum of 3,010")
    assert isinstance(sizes["d/10.jpg"], GzipMember)
    assert LARGEST == 1 << 30


def test_an_archive_that_unpacks_to_more_than_the_limit(
    tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.sources.members._ANY", 100_000)
    bomb = gzip.compress(tar({"a.jpg": b"1", "zeros": bytes(30_000_000), "b.jpg": b"2"}))
    found = archive(tmp_path, bomb)
    before, kind, message = until_break(members(found, out))
    assert [member.path for member in before] == ["a.jpg", "zeros"]
    assert (kind, message) == (Kind.FILE_TOO_LARGE, f"unpacks to more than {100 * len(bomb) + 100_000:,} bytes: {LOST}")
    assert read(source(before[0], found, out)) == b"1"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list, to which the offset of the seek point of each opened stream is added."""
    monkeypatch.setattr(inflate, "SPACING", 10_000)
    monkeypatch.setattr(stream, "SPACING", 10_000)
    offsets: list[int] = []
    point_before = gzip_index.point_before

    def recorded(folder: str, index: gzip_index.Index, offset: int) -> inflate.Point:
        point = point_before(folder, index, offset)
        offsets.append(point.offset)
        return point

    monkeypatch.setattr(stream, "point_before", recorded)
    return offsets


@pytest.mark.parametrize("scheme", ["", SCHEME])
def test_members_in_order_are_read_in_one_pass_from_the_nearest_seek_point(
    tmp_path: Path, out: str, opened: list[int], scheme: str
) -> None:
    many = {f"{number:03d}.jpg": os.urandom(900) for number in range(200)}
    found, out = archive(tmp_path, packed(many, "tar.gz"), scheme=scheme), f"{scheme}{out}"
    sources = [source(member, found, out) for member in members(found, out)]
    assert [read(one) for one in sources[150:152]] == [many["150.jpg"], many["151.jpg"]]
    (first, second) = opened
    assert first == second
    assert isinstance(sources[150].place, GzipMember)
    assert 0 <= sources[150].place.offset - first < 50_000
    opened.clear()
    whole = stream_of(sources[100])
    assert {one.path: whole.read(one) for one in sources[100:]} == {name: many[name] for name in list(many)[100:]}
    assert len(opened) == 1
    assert whole.read(sources[20]) == many["020.jpg"]
    assert len(opened) == 2
    assert opened[1] < opened[0]
    whole.close()


def test_an_ordered_reader_reads_members_in_the_order_of_submission(
    tmp_path: Path, out: str, opened: list[int]
) -> None:
    many = {f"{number:03d}.jpg": os.urandom(900) for number in range(200)}
    found = archive(tmp_path, packed(many, "tar.gz"))
    sources = [source(member, found, out) for member in members(found, out)]
    with ThreadPoolExecutor(8) as threads:
        reader = OrderedReader(stream_of(sources[0]), threads.submit)
        futures = [reader.submit(one) for one in sources]
        assert [future.result() for future in futures] == list(many.values())
        reader.close()
    assert opened == [0]


def test_closing_a_reader_cancels_waiting_members(tmp_path: Path, out: str) -> None:
    found = archive(tmp_path, packed(FILES, "tar.gz"))
    sources = [source(member, found, out) for member in members(found, out)]
    held = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(held.wait)
        reader = OrderedReader(stream_of(sources[0]), threads.submit)
        futures = [reader.submit(one) for one in sources[:3]]
        assert reader.waiting == 3
        reader.close()
        held.set()
    assert all(future.cancelled() for future in futures)


def test_an_archive_that_has_changed_since_it_was_listed(tmp_path: Path, out: str) -> None:
    found = archive(tmp_path, packed(FILES, "tar.gz"))
    last = source(list(members(found, out))[-1], found, out)
    (tmp_path / "a.tar.gz").write_bytes(packed({"new.jpg": b"1"}, "tar.gz"))
    with pytest.raises(ImageError, match="its archive has changed since it was listed") as raised:
        read(last)
    assert raised.value.kind is Kind.UNREADABLE
    (tmp_path / "a.tar.gz").unlink()
    with pytest.raises(ImageError, match="its archive cannot be read: No such file or directory"):
        read(last)


def test_a_tar_in_a_store_is_listed_without_reading_its_bodies(
    tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tar({f"{number}.jpg": bytes(10_000_000) for number in range(5)})
    small = tar({f"{number}.jpg": bytes(10_000) for number in range(1000)})
    wanted: list[tuple[int, int]] = []
    read_range = storage.read_range

    def recorded(path: str, offset: int, length: int) -> bytes:
        wanted.append((offset, length))
        return read_range(path, offset, length)

    monkeypatch.setattr("transforms.storage.by_range.read_range", recorded)
    assert len(list(members(archive(tmp_path, big, "big.tar", SCHEME), out))) == 5
    assert sum(length for _, length in wanted) < 1_000_000
    wanted.clear()
    assert len(list(members(archive(tmp_path, small, "small.tar", SCHEME), out))) == 1000
    assert len(wanted) < 10  # 10 MB in a few requests, not a thousand


def test_a_zip_in_a_store_is_listed_from_its_directory(
    tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = zipped({f"{number}.jpg": os.urandom(10_000) for number in range(500)})
    wanted: list[int] = []
    read_range = storage.read_range

    def recorded(path: str, offset: int, length: int) -> bytes:
        wanted.append(length)
        return read_range(path, offset, length)

    monkeypatch.setattr("transforms.storage.by_range.read_range", recorded)
    assert len(list(members(archive(tmp_path, data, "a.zip", SCHEME), out))) == 500
    assert sum(wanted) < 200_000
