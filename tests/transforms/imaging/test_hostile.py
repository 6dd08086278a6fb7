"""Files that would harm a process that opens them with Pillow 12."""

import io
import struct

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from tests.support.photos import photo
from tests.transforms.imaging.jpegs import segment
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.hostile import defuse
from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec

PHOTO = jpeg(1, (40, 30))
HEADER = b"Exif\0\0"
ADVICE = ": remove the metadata with another program"


def refused(data: bytes) -> tuple[Kind, str]:
    """Return the kind and the message of the error with which a file is rejected."""
    (error,) = process_image(data, ResizeSpec(sizes=(16,), extension="jpg")).outputs.values()
    assert isinstance(error, ImageError)
    assert error.stage is Stage.DECODE
    return error.kind, error.message


def directory(count: int, size: int = 60_000, order: str = "<") -> bytes:
    """Return a TIFF header and a directory whose tags share their values."""
    entries = b"".join(struct.pack(f"{order}HHII", 1000 + number, 7, size, 8) for number in range(count))
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    return head + struct.pack(f"{order}H", count) + entries


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP", "JPEG2000", "MPO"])
def test_intact_files_stay_as_they_are(image_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description" * 200
    settings = {} if image_format in ("GIF", "BMP", "JPEG2000") else {"exif": exif}
    data = image_bytes(photo(1, (40, 30)), image_format, **settings)
    assert defuse(data) == data
    assert open_image(data).header.orientation == (6 if settings else 1)


@pytest.mark.parametrize(
    "segments",
    [segment(0xE1, HEADER * 10_000) * 40, segment(0xE1, HEADER * 2) * 60_000],
    ids=["long segments", "short segments"],
)
@pytest.mark.parametrize("before", [b"", b"\0\1", b"\xff\xf1"], ids=["", "behind junk", "behind an unknown marker"])
def test_many_exif_headers(segments: bytes, before: bytes) -> None:
    """Pillow takes minutes for these."""
    kind, message = refused(PHOTO[:2] + before + segments + PHOTO[2:])
    assert kind is Kind.METADATA_TOO_LARGE
    assert message.startswith("the EXIF block begins with ")
    assert message.endswith(" headers" + ADVICE)


@pytest.mark.filterwarnings("ignore:Truncated File Read")  # by Pillow, when it writes AVIF
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("image_format", ["JPEG", "AVIF"])
def test_exif_tags_that_share_their_values(image_format: str, order: str) -> None:
    exif = HEADER + directory(3000, order=order) + bytes(20_000)
    data = image_bytes(photo(1, (40, 30)), image_format, exif=exif)
    kind, message = refused(data)
    assert kind is Kind.METADATA_TOO_LARGE
    assert message.startswith("the values of its tags add up to more than twice its ")


@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
@pytest.mark.parametrize("exif", [HEADER * 100_000, HEADER + directory(3000) + bytes(20_000)])
def test_harmful_exif_is_ignored_in_formats_that_pillow_opens_without_reading_it(
    image_format: str, exif: bytes
) -> None:
    data = image_bytes(photo(1, (40, 30)), image_format, exif=exif)
    (output,) = process_image(data, ResizeSpec(sizes=(16,), extension="jpg")).outputs.values()
    assert isinstance(output, Encoded)


@pytest.mark.parametrize("order", "<>")
def test_tiff_tags_that_share_their_values(order: str) -> None:
    kind, message = refused(directory(3000, order=order) + bytes(20_000))
    assert (kind, message) == (
        Kind.METADATA_TOO_LARGE,
        f"the values of its tags add up to more than twice its {10 + 36_000 + 20_000} bytes" + ADVICE,
    )


def test_a_huge_number_of_tags() -> None:
    big = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 1 << 40)
    assert refused(big + bytes(1000)) == (Kind.METADATA_TOO_LARGE, f"a directory has {1 << 40} tags" + ADVICE)


@pytest.mark.parametrize("tag", [258, 262, 278], ids=["bits", "colors", "rows"])
def test_a_tiff_with_two_layouts(tag: int) -> None:
    data = image_bytes(photo(1, (40, 30)), "TIFF", compression="tiff_lzw")
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    entries = [data[start + 2 + 12 * number :][:12] for number in range(count)]
    (original,) = (entry for entry in entries if entry[:2] == struct.pack("<H", tag))
    twice = (*entries, original[:8] + struct.pack("<I", 1)), (*entries, original)
    tables = (struct.pack("<H", count + 1) + b"".join(table) + bytes(4) for table in twice)
    different, same = (data[:4] + struct.pack("<I", len(data)) + data[8:] + table for table in tables)
    assert refused(different) == (Kind.DAMAGED, f"the TIFF tag {tag} occurs twice, with different values")
    assert defuse(same) == same


@pytest.mark.parametrize("tag", [258, 262, 277], ids=["bits", "colors", "samples"])
@pytest.mark.parametrize("kind", [2, 5, 7, 11, 12])
def test_a_tiff_with_a_layout_of_other_types(tag: int, kind: int) -> None:
    data = image_bytes(photo(1, (40, 30)), "TIFF", compression="tiff_lzw")
    start = data.rindex(struct.pack("<HH", tag, 3)) + 2
    retyped = data[:start] + struct.pack("<H", kind) + data[start + 2 :]
    assert refused(retyped) == (Kind.DAMAGED, f"the TIFF tag {tag} has the type {kind}, but must be a whole number")


def test_a_gif_comment_of_a_million_blocks() -> None:
    data = image_bytes(photo(1, (40, 30)), "GIF")
    start = 13 + (3 << (data[10] % 8 + 1))
    kind, message = refused(data[:start] + b"!\xfe" + b"\1a" * 1_000_000 + b"\0" + data[start:])
    assert (kind, message) == (
        Kind.METADATA_TOO_LARGE,
        "the comment has more than 63246 bytes in small blocks" + ADVICE,
    )
    long = data[:start] + b"!\xfe" + (b"\xff" + b"a" * 255) * 1000 + b"\0" + data[start:]
    assert len(Image.open(io.BytesIO(defuse(long))).info["comment"]) == 255_000


@pytest.mark.parametrize("compression", [1, 2])
def test_a_bmp_that_skips_lines_of_millions_of_pixels(compression: int) -> None:
    header = struct.pack("<IiiHHIIiiII", 40, 80_000_000, 1, 1, 8 // compression, compression, 4, 0, 0, 2, 2)
    data = b"BM" + struct.pack("<IHHI", 68, 0, 0, 62) + header + bytes(8) + b"\0\2\xff\xff"
    message = "a run-length-encoded BMP 80000000 pixels wide: at most 65535 are supported"
    assert refused(data) == (Kind.DAMAGED, message)


def with_tile_lengths(parts: int, boxed: bool) -> tuple[bytes, bytes]:
    """Return a JPEG 2000 file, and the same with more tile parts than the one in its list of tile lengths (TLM)."""
    data = image_bytes(photo(1, (60, 40)), "JPEG2000", no_jp2=not boxed)
    start = data.index(b"\xff\x90")
    length = int.from_bytes(data[start + 6 : start + 10], "big")
    listed = segment(0x55, b"\0\x50\0" + struct.pack(">I", length))
    first = data[start : start + 10] + b"\0\0" + data[start + 12 : start + length]
    rest = b"".join(b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14, part, 0) + b"\xff\x93" for part in range(1, parts))
    codestream = data[:start] + listed + first + rest + b"\xff\xd9"
    box = codestream.find(b"jp2c")
    return data, codestream if box < 0 else codestream[: box - 4] + bytes(4) + codestream[box:]


@pytest.mark.parametrize("boxed", [False, True])
def test_tile_lengths_of_jpeg_2000_are_not_read(boxed: bool) -> None:
    """OpenJPEG would write past the end of the memory that it allocates for one tile part."""
    data, crafted = with_tile_lengths(200, boxed)
    harmless = defuse(crafted)
    assert harmless == crafted.replace(b"\xff\x55\0\x09", b"\xff\x64\0\x09")
    assert open_image(crafted).image.tobytes() == Image.open(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("boxed", [False, True])
def test_markers_that_hide_tile_lengths(boxed: bool) -> None:
    _, crafted = with_tile_lengths(200, boxed)
    hidden = crafted.replace(b"\xff\x55\0\x09", b"\xff\x30\xff\x55\0\x09")
    message = "the marker 0xFF30 is not allowed in the header of a JPEG 2000 codestream"
    assert refused(hidden) == (Kind.DAMAGED, message)


def test_a_broken_exif_block_is_still_no_failure() -> None:
    result = process_image(PHOTO[:2] + segment(0xE1, HEADER + b"II*\0\xff\xff") + PHOTO[2:], ResizeSpec(sizes=(16,)))
    assert all(isinstance(output, Encoded) for output in result.outputs.values())
    assert Note.EXIF_ORIENTATION not in result.notes
