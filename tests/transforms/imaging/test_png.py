"""PNGs with damage in their metadata or pixels."""

import random
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes
from tests.transforms.imaging.files import png, png_rows
from transforms.imaging.decode import decode
from transforms.imaging.errors import ImageError, Kind, Note
from transforms.imaging.opening import open_image
from transforms.imaging.png import chunks, find_damage, read_metadata, read_profile, repair, without_metadata
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec

# One row of three pixels: red, green, blue.
ROW = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255])
PIXELS = png_rows(ROW)
BOMB = zlib.compress(bytes(50_000_000))


def picture(*chunks_around: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of the row, with chunks before the pixels."""
    return png((3, 1), *chunks_around, PIXELS)


def with_wrong_checksum(data: bytes, name: bytes) -> bytes:
    """Return the file with a wrong checksum in its first chunk with this name."""
    chunk = next(chunk for chunk in chunks(data) if chunk.name == name)
    wrong = bytes([data[chunk.end - 1] ^ 1])
    return data[: chunk.end - 1] + wrong + data[chunk.end :]


def pixels(data: bytes, **settings: Any) -> bytes:
    return decode(open_image(data), ResizeSpec(**settings)).pixels.tobytes()


def notes(data: bytes, **settings: Any) -> tuple[Note, ...]:
    return process_image(data, ResizeSpec(sizes=(3,), extension="png", **settings)).notes


def error_of(data: bytes, **settings: Any) -> ImageError:
    with pytest.raises(ImageError) as caught:
        pixels(data, **settings)
    return caught.value


ANCILLARY = {
    b"tEXt": b"Comment\0hello",
    b"zTXt": b"Comment\0\0" + zlib.compress(b"hello"),
    b"iTXt": b"Comment\0\0\0\0\0hello",
    b"iCCP": b"profile\0\0" + zlib.compress(b"no profile"),
    b"gAMA": struct.pack(">I", 45_455),
    b"cHRM": struct.pack(">8I", *range(8)),
    b"pHYs": struct.pack(">IIB", 3000, 3000, 1),
    b"sRGB": b"\0",
    b"tIME": bytes(7),
    b"prVt": b"anything",
    b"PLTE": bytes(6),  # only a suggestion in an image without a palette
}


@pytest.mark.parametrize("name", ANCILLARY)
def test_an_ancillary_chunk_with_a_wrong_checksum_is_dropped(name: bytes) -> None:
    whole = picture((name, ANCILLARY[name]))
    assert Note.METADATA_DROPPED not in notes(whole)
    assert pixels(with_wrong_checksum(whole, name)) == ROW
    assert Note.METADATA_DROPPED in notes(with_wrong_checksum(whole, name))


def test_an_ancillary_chunk_after_the_pixels_is_dropped_too() -> None:
    data = with_wrong_checksum(png((3, 1), PIXELS, (b"tEXt", b"Comment\0hello")), b"tEXt")
    assert (pixels(data), notes(data)) == (ROW, (Note.METADATA_DROPPED,))


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    ("name", "head"), [(b"zTXt", b"Comment\0\0"), (b"iTXt", b"Comment\0\1\0\0\0"), (b"iCCP", b"profile\0\0")]
)
def test_a_text_or_a_profile_that_decompresses_to_too_much_is_dropped(name: bytes, head: bytes, place: str) -> None:
    bomb = name, head + BOMB
    data = picture(bomb) if place == "before" else png((3, 1), PIXELS, bomb)
    assert pixels(data) == ROW
    assert Note.METADATA_DROPPED in notes(data)


def test_many_texts_together_are_too_much() -> None:
    data = picture(*[(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000)))] * 70)
    assert (pixels(data), notes(data)) == (ROW, (Note.METADATA_DROPPED,))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (b"pHYs", b"\0"),
        (b"sRGB", b""),
        (b"gAMA", b"\0"),
        (b"cHRM", b"\0\0\0\1\0"),
        (b"iCCP", b"profile\0\7"),
        (b"iCCP", b"profile"),
        (b"zTXt", b"Comment\0\7abc"),
        (b"acTL", b"\0"),
        (b"fcTL", b"\0"),
    ],
)
def test_an_ancillary_chunk_that_is_malformed_costs_nothing_else(name: bytes, body: bytes) -> None:
    data = picture((name, body))
    assert pixels(data) == ROW
    if name != b"cHRM":  # Pillow accepts it with any length
        assert Note.METADATA_DROPPED in notes(data)


def test_a_file_that_ends_inside_a_text_has_all_its_pixels() -> None:
    data = png((3, 1), PIXELS, (b"tEXt", b"Comment\0" + bytes(500)))[:-300]
    assert (pixels(data), notes(data)) == (ROW, (Note.METADATA_DROPPED,))


def noisy(**parameters: Any) -> bytes:
    image = Image.frombytes("RGB", (90, 90), random.Random(1).randbytes(24_300))
    return image_bytes(image, "PNG", **parameters)


def test_a_wrong_checksum_of_the_pixels_is_damage() -> None:
    data = with_wrong_checksum(picture(), b"IDAT")
    error = error_of(data)
    assert error.kind is Kind.DAMAGED
    assert error.message == (
        "the checksum of its IDAT chunk at byte 33 is wrong: use --truncated accept to keep the pixels as they are"
    )
    assert pixels(data, truncated="accept") == ROW
    assert notes(data, truncated="accept") == (Note.DAMAGED,)
    assert notes(picture(), truncated="accept") == ()


def test_pixels_that_decode_although_their_bits_are_wrong() -> None:
    # Without compression, any pixel value can be decoded; only the Adler-32 and the checksum are wrong.
    stored = zlib.compress(b"\0" + ROW, 0)
    place = picture().index(PIXELS[1])
    data = bytearray(png((3, 1), (b"IDAT", stored)))
    data[place + stored.index(ROW)] ^= 0x80
    assert error_of(bytes(data)).kind is Kind.DAMAGED


def test_every_one_of_several_chunks_of_pixels_is_checked() -> None:
    packed = PIXELS[1]
    data = png((3, 1), (b"IDAT", packed[:5]), (b"IDAT", packed[5:]))
    assert find_damage(data) is None
    assert pixels(data) == ROW
    last = data.rindex(b"IDAT") - 4
    wrong = data[: len(data) - 13] + bytes([data[-13] ^ 1]) + data[-12:]
    assert f"at byte {last} " in str(find_damage(wrong))
    assert pixels(wrong, truncated="accept") == ROW


def test_pixels_that_cannot_be_decoded_fail_with_accept_too() -> None:
    data = bytearray(noisy())
    data[len(data) // 2] ^= 0xFF
    data[60] ^= 0xFF
    assert error_of(bytes(data), truncated="accept").kind is Kind.DAMAGED


def test_a_file_that_ends_inside_its_pixels_is_truncated() -> None:
    error = error_of(noisy()[:-2000])
    assert (error.kind, error.message) == (
        Kind.TRUNCATED,
        "the file is truncated: it ends inside its IDAT chunk at byte 33",
    )


def test_a_file_that_ends_inside_the_checksum_of_its_pixels() -> None:
    data = picture()[:-14]  # the 12 bytes of IEND, and 2 of the checksum
    assert error_of(data).kind is Kind.TRUNCATED
    assert (pixels(data, truncated="accept"), notes(data, truncated="accept")) == (ROW, (Note.TRUNCATED,))


PALETTE = b"PLTE", bytes([10, 20, 30, 40, 50, 60])


@pytest.mark.parametrize("name", [b"PLTE", b"tRNS"])
def test_a_wrong_checksum_of_a_chunk_that_decides_the_pixels_is_damage(name: bytes) -> None:
    whole = png((2, 1), PALETTE, (b"tRNS", b"\xff\0"), png_rows(b"\0\1"), color_type=3)
    shown = bytes([10, 20, 30, 255, 255, 255])
    assert pixels(whole) == shown
    data = with_wrong_checksum(whole, name)
    error = error_of(data)
    assert error.kind is Kind.DAMAGED
    assert f"the checksum of its {name.decode()} chunk" in error.message
    assert (pixels(data, truncated="accept"), notes(data, truncated="accept")) == (shown, (Note.DAMAGED,))


def test_a_transparent_color_with_a_wrong_checksum_is_damage() -> None:
    data = with_wrong_checksum(picture((b"tRNS", struct.pack(">3H", 255, 0, 0))), b"tRNS")
    assert error_of(data).kind is Kind.DAMAGED
    assert pixels(data, truncated="accept") == b"\xff\xff\xff" + ROW[3:]


@pytest.mark.parametrize("broken", [False, True])
def test_a_transparent_color_behind_the_pixels_is_dropped(broken: bool) -> None:
    data = png((3, 1), PIXELS, (b"tRNS", struct.pack(">3H", *ROW[:3])))
    data = with_wrong_checksum(data, b"tRNS") if broken else data
    assert (pixels(data), notes(data)) == (ROW, (Note.METADATA_DROPPED,))


@pytest.mark.parametrize("accept", ["fail", "accept"])
def test_a_wrong_checksum_of_the_header_is_damage_always(accept: str) -> None:
    assert error_of(with_wrong_checksum(picture(), b"IHDR"), truncated=accept).kind is Kind.DAMAGED


def test_the_labels_of_a_mask_are_unchanged() -> None:
    whole = png((2, 1), PALETTE, (b"tEXt", b"a\0b"), png_rows(b"\1\0"), color_type=3)
    spec = {"mode": "keep", "algorithm": "nearest"}
    assert pixels(whole, **spec) == pixels(with_wrong_checksum(whole, b"tEXt"), **spec) == b"\1\0"


@pytest.mark.parametrize("name", [b"acTL", b"fcTL", b"fdAT"])
def test_of_an_animation_with_faults_the_first_picture_is_taken(name: bytes) -> None:
    red, blue = (Image.new("RGB", (4, 3), color) for color in ("#ff0000", "#0000ff"))
    data = image_bytes(red, "PNG", save_all=True, append_images=[blue])
    assert pixels(data) == red.tobytes()
    assert notes(data) == ()
    assert pixels(with_wrong_checksum(data, name)) == red.tobytes()


def test_an_intact_file_is_not_copied() -> None:
    data = picture((b"tEXt", b"a\0b"))
    assert repair(data) == (data, False)
    assert repair(data)[0] is data
    assert without_metadata(data) == picture()
    assert without_metadata(picture()) is None


def test_a_profile_that_cannot_be_read_is_noted() -> None:
    broken = picture((b"iCCP", b"profile\0\0no zlib"))
    damaged = with_wrong_checksum(picture((b"iCCP", ANCILLARY[b"iCCP"])), b"iCCP")
    assert notes(broken) == (Note.ICC_PROFILE,)
    assert notes(broken, color="srgb") == (Note.ICC_PROFILE, Note.ICC_UNUSABLE)
    assert notes(damaged, color="srgb") == (Note.ICC_PROFILE, Note.METADATA_DROPPED, Note.ICC_UNUSABLE)
    (output,) = process_image(broken, ResizeSpec(sizes=(3,), extension="png", exact=True)).outputs.values()
    assert isinstance(output, Encoded)
    assert b"iCCP" not in output.data


def test_a_profile_beside_a_text_that_is_too_long_still_counts() -> None:
    text = b"zTXt", b"Comment\0\0" + BOMB
    known = b"iCCP", b"profile\0\0" + zlib.compress(b"a profile")
    for data in (picture(known, text), picture(text, known), png((3, 1), known, PIXELS, text)):
        opened = open_image(data)
        decode(opened, ResizeSpec())
        assert opened.image.info["icc_profile"] == b"a profile"
        assert notes(data, color="srgb")[-2:] in (
            (Note.METADATA_DROPPED, Note.ICC_UNUSABLE),
            (Note.ICC_UNUSABLE, Note.METADATA_DROPPED),
        )


def test_profiles_of_more_than_a_megabyte() -> None:
    long = random.Random(1).randbytes(3_000_000)
    data = picture((b"iCCP", b"profile\0\0" + zlib.compress(long)))
    assert read_profile(data) == long
    assert open_image(data).image.info["icc_profile"] == long
    assert read_profile(picture((b"iCCP", b"profile\0\0" + BOMB))) == b""
    assert read_profile(picture()) is None


def test_the_metadata_of_each_kind_of_chunk() -> None:
    exif, xmp = b"MM\0*exif", b"<x:xmpmeta/>"
    lines = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
    data = picture((b"eXIf", exif), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp), (b"cICP", b"\1\2\3\4"))
    assert read_metadata(data) == (exif, xmp, b"\1\2\3\4")
    packed = b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0key\0" + zlib.compress(xmp)
    assert read_metadata(png((3, 1), PIXELS, packed, (b"eXIf", exif))) == (exif, xmp, None)
    for name in (b"Raw profile type exif", b"Raw profile type APP1"):
        assert read_metadata(picture((b"tEXt", name + b"\0" + lines))).exif == exif
        assert read_metadata(picture((b"zTXt", name + b"\0\0" + zlib.compress(lines)))).exif == exif
    both = picture((b"tEXt", b"Raw profile type exif\0" + lines), (b"eXIf", b"first"))
    assert read_metadata(both).exif == b"first"
    assert read_metadata(with_wrong_checksum(both, b"eXIf")).exif == exif
    assert read_metadata(picture((b"tEXt", b"Raw profile type exif\0\nexif\n 3\nxyz"))) == (None, None, None)


def test_bytes_that_are_not_chunks() -> None:
    data = picture()
    assert [chunk.name for chunk in chunks(data[:42] + bytes(100))] == [b"IHDR", b"IDAT"]
    assert [chunk.name for chunk in chunks(data[:33] + bytes(100))] == [b"IHDR"]
    assert list(chunks(data[:12])) == []
    assert without_metadata(data[:8]) is None
    assert find_damage(data[:8]) is None


def icon(frame: bytes, *others: bytes) -> bytes:
    """Return an icon with a PNG of 3 x 1 pixels, after pictures that are smaller according to its directory."""
    frames = [*others, frame]
    directory, offset = b"", 6 + 16 * len(frames)
    for picture_data in frames:
        width = 3 if picture_data is frame else 1
        directory += struct.pack("<BBBBHHII", width, 1, 0, 0, 1, 24, len(picture_data), offset)
        offset += len(picture_data)
    return struct.pack("<HHH", 0, 1, len(frames)) + directory + b"".join(frames)


def test_pngs_inside_icons() -> None:
    text = b"tEXt", b"Comment\0hello"
    bomb = b"zTXt", b"Comment\0\0" + BOMB
    assert (pixels(icon(picture(text))), notes(icon(picture(text)))) == (ROW, ())
    for frame in (with_wrong_checksum(picture(text), b"tEXt"), picture(bomb), png((3, 1), PIXELS, bomb)):
        assert (pixels(icon(frame)), notes(icon(frame))) == (ROW, (Note.METADATA_DROPPED,))
    small = png((1, 1), bomb, png_rows(b"abc"))
    several = icon(picture(bomb), small, png((1, 1), png_rows(b"abc")))
    assert (pixels(several), notes(several)) == (ROW, (Note.METADATA_DROPPED,))
    damaged = icon(with_wrong_checksum(picture(), b"IDAT"))
    assert error_of(damaged).kind is Kind.DAMAGED
    assert (pixels(damaged, truncated="accept"), notes(damaged, truncated="accept")) == (ROW, (Note.DAMAGED,))
    assert error_of(icon(picture(bomb))[:20]).kind is not None
