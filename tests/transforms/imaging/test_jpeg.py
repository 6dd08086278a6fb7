"""Which JPEGs may be decoded at a reduced scale, and which cannot be decoded at all."""

import io
import random
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from tests.transforms.imaging.jpegs import (
    ARITHMETIC,
    END,
    PROGRESSIVE_ARITHMETIC,
    START,
    Plane,
    frame,
    lossless,
    segment,
)
from transforms.imaging import strict
from transforms.imaging.decode import decode, set_draft_scale
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.jpeg import Frame, exif_of, may_be_scaled, read_frame, unsupported_coding
from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec

SIZE = 40, 30
PHOTO = jpeg(1, SIZE)
SCAN = PHOTO.index(b"\xff\xda")
HEADER = PHOTO.index(b"\xff\xc0")
JFIF = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")


def adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes((transform,)))


def planes(count: int, size: tuple[int, int] = (31, 17)) -> list[Plane]:
    chance = random.Random(count)
    return [[[chance.randrange(256) for _ in range(size[0])] for _ in range(size[1])] for _ in range(count)]


def marked(marker: int, data: bytes = PHOTO) -> bytes:
    """Return a JPEG with a different marker for its frame header."""
    at = data.index(b"\xff\xc0")
    return data[: at + 1] + bytes((marker,)) + data[at + 2 :]


def test_the_frame_header() -> None:
    assert read_frame(PHOTO) == Frame(0xC0, 8, 40, 30, (1, 2, 3), jfif=True)
    assert read_frame(jpeg(1, SIZE, progressive=True)) == Frame(0xC2, 8, 40, 30, (1, 2, 3), jfif=True)
    cmyk = image_bytes(Image.new("CMYK", SIZE), "JPEG")
    assert read_frame(cmyk) == Frame(0xC0, 8, 40, 30, (67, 77, 89, 75), transform=0)
    assert read_frame(lossless(planes(1))) == Frame(0xC3, 8, 31, 17, (1,))


@pytest.mark.parametrize("parameters", [{}, {"progressive": True}, {"restart_marker_blocks": 1}, {"subsampling": 0}])
def test_dct_frames_may_be_scaled(parameters: dict[str, Any]) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    assert may_be_scaled(jpeg(1, SIZE, exif=exif, comment=b"\xff\xc3", **parameters))
    assert may_be_scaled(ARITHMETIC)
    assert may_be_scaled(PROGRESSIVE_ARITHMETIC)
    assert may_be_scaled(marked(0xC1))
    assert may_be_scaled(PHOTO[:HEADER] + b"\xff" * 9 + PHOTO[HEADER:])


OTHER = frame(0xC3, (400, 300), (1, 2, 3))
AMBIGUOUS = {
    "two frames": PHOTO[:HEADER] + OTHER + PHOTO[HEADER:],
    "two frames, the other way round": PHOTO[:SCAN] + OTHER + PHOTO[SCAN:],
    "the same frame twice": PHOTO[:SCAN] + frame(0xC0, SIZE, (1, 2, 3)) + PHOTO[SCAN:],
    "tables only before it": START + segment(0xFE) + END + PHOTO,
    "a second start": START + PHOTO,
    "bytes between segments": PHOTO[:HEADER] + b"\0\1\2" + PHOTO[HEADER:],
    "a stuffed byte": PHOTO[:HEADER] + b"\xff\0" + PHOTO[HEADER:],
    "a restart marker": PHOTO[:HEADER] + b"\xff\xd0" + PHOTO[HEADER:],
    "a marker of an extension": PHOTO[:HEADER] + b"\xff\xf1" + PHOTO[HEADER:],
    "an expansion": PHOTO[:HEADER] + segment(0xDF, b"\x11") + PHOTO[HEADER:],
    "a length of 0": PHOTO[:HEADER] + b"\xff\xfe\0\0" + PHOTO[HEADER:],
    "a frame with a component too many": PHOTO[: HEADER + 9] + b"\4" + PHOTO[HEADER + 10 :],
    "no scan": PHOTO[:SCAN],
    "no frame": START + PHOTO[SCAN:],
    "a segment that is cut off": PHOTO[: HEADER + 5],
    "nothing": b"",
    "no JPEG": image_bytes(Image.new("L", SIZE), "PNG"),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous_headers_are_not_scaled(name: str) -> None:
    data = AMBIGUOUS[name]
    assert read_frame(data) is None
    assert not may_be_scaled(data)
    assert unsupported_coding(data) is None
    with pytest.raises(
        ImageError, match="--check_jpeg: stray bytes, an unknown marker or a second frame header"
    ) as caught:
        strict.check(data)
    assert caught.value.kind is Kind.DAMAGED


@pytest.mark.parametrize("image_format", ["JPEG", "MPO"])
def test_an_image_that_may_not_be_scaled_is_decoded_whole(image_format: str) -> None:
    image = Image.effect_noise((1600, 1200), 60).convert("RGB")
    data = image_bytes(image, image_format)
    assert set_draft_scale(open_image(data), ResizeSpec(sizes=(64,))) == (0, 0, 200, 150)
    ambiguous = START + b"\xff" + data[2:4] + data[4:].replace(b"\xff\xc0", b"\0\xff\xc0", 1)
    opened = open_image(ambiguous)
    assert set_draft_scale(opened, ResizeSpec(sizes=(64,), mode="L")) == (0, 0, 1600, 1200)
    assert decode(opened, ResizeSpec(sizes=(64,), mode="L")).pixels.size == (1600, 1200)


@pytest.mark.parametrize(
    "settings", [{}, {"mode": "L"}, {"check_jpeg": True}, {"truncated": "accept"}, {"exact": True}]
)
@pytest.mark.parametrize("count", [1, 3])
def test_a_lossless_jpeg_is_resized_from_all_of_its_pixels(count: int, settings: dict[str, Any]) -> None:
    samples = planes(count, (400, 300))
    spec = ResizeSpec(sizes=(40,), extension="png", **settings)
    result = process_image(lossless(samples), spec)
    whole = [bytes(sample for row in plane for sample in row) for plane in samples]
    bands = [Image.frombytes("L", (400, 300), band) for band in whole]
    source = bands[0] if count == 1 else Image.merge("RGB", bands)
    expected = process_image(image_bytes(source, "PNG"), spec)
    (output,), (same,) = result.outputs.values(), expected.outputs.values()
    assert isinstance(output, Encoded)
    assert isinstance(same, Encoded)
    assert output.sha256 == same.sha256
    assert result.notes == ((Note.UNCHECKED,) if spec.check_jpeg else ())


@pytest.mark.parametrize("truncated", ["fail", "accept"])
def test_a_lossless_jpeg_that_is_cut_off(truncated: str) -> None:
    data = lossless(planes(1, (400, 300)))
    result = process_image(data[: len(data) // 2], ResizeSpec(sizes=(40,), extension="png", truncated=truncated))
    (output,) = result.outputs.values()
    if truncated == "accept":
        assert isinstance(output, Encoded)
        assert result.notes == (Note.TRUNCATED,)
    else:
        assert isinstance(output, ImageError)
        assert output.kind is Kind.TRUNCATED


@pytest.mark.parametrize(
    "parameters",
    [
        *({"predictor": number} for number in range(1, 8)),
        {"point": 3},
        {"restarts": True},
        {"interleaved": False},
        {"identifiers": b"RGBK"},
        {"identifiers": (9, 8, 7, 0)},
        {"before": adobe(0)},
    ],
)
@pytest.mark.parametrize("count", [1, 3, 4])
def test_lossless_pixels_are_the_ones_that_were_coded(count: int, parameters: dict[str, Any]) -> None:
    samples = planes(count)
    pixels = Image.open(io.BytesIO(lossless(samples, **parameters)))
    low = (1 << parameters.get("point", 0)) - 1
    for band, plane in zip(pixels.split(), samples, strict=True):
        coded = bytes(sample & ~low for row in plane for sample in row)
        assert band.tobytes() == (bytes(255 - sample for sample in coded) if count == 4 else coded)


# The name of a coding -> a JPEG with this coding.
UNSUPPORTED = {
    "lossless JPEG (SOF3) of 6 bits": lossless([[[9] * 8] * 8], bits=6),
    "lossless JPEG (SOF3) of 16 bits": lossless([[[900] * 8] * 8], bits=16),
    "lossless JPEG (SOF3) in YCbCr": lossless(planes(3), before=JFIF),
    "lossless JPEG (SOF3) in YCCK": lossless(planes(4), before=adobe(2)),
    "lossless JPEG (SOF3) of 2 components": lossless(planes(2)),
    "extended JPEG (SOF1) of 12 bits": START + frame(0xC1, SIZE, bits=12) + PHOTO[SCAN:],
    "progressive JPEG (SOF2) of 12 bits": START + frame(0xC2, SIZE, bits=12) + PHOTO[SCAN:],
    "baseline JPEG (SOF0) of 5 components": START + frame(0xC0, SIZE, range(5)) + PHOTO[SCAN:],
    "baseline JPEG (SOF0) with its height after the first scan (DNL)": START + frame(0xC0, (40, 0)) + PHOTO[SCAN:],
    "hierarchical JPEG (DHP)": START + frame(0xDE, SIZE) + PHOTO[2:],
    "hierarchical JPEG (SOF5)": marked(0xC5),
    "hierarchical JPEG (SOF6)": marked(0xC6),
    "hierarchical JPEG (SOF7)": marked(0xC7),
    "lossless arithmetic-coded JPEG (SOF11)": marked(0xCB),
    "hierarchical JPEG (SOF13)": marked(0xCD),
    "hierarchical JPEG (SOF14)": marked(0xCE),
    "hierarchical JPEG (SOF15)": marked(0xCF),
    "JPEG-LS (SOF55)": START + frame(0xF7, SIZE) + segment(0xDA, bytes(6)) + END,
}


@pytest.mark.parametrize("coding", UNSUPPORTED)
@pytest.mark.parametrize("settings", [{}, {"check_jpeg": True, "truncated": "accept"}])
def test_an_unsupported_coding_is_named(coding: str, settings: dict[str, Any]) -> None:
    result = process_image(UNSUPPORTED[coding], ResizeSpec(sizes=(16, 8), **settings))
    for error in result.outputs.values():
        assert isinstance(error, ImageError)
        assert (error.kind, error.stage) == (Kind.UNSUPPORTED_CODING, Stage.DECODE)
        assert error.message == f"{coding} is not supported: convert the image with another program"


@pytest.mark.parametrize("data", [ARITHMETIC, PROGRESSIVE_ARITHMETIC])
def test_arithmetic_coding_is_read(data: bytes) -> None:
    """The picture has a gradient in each color channel."""
    pixels = decode(open_image(data), ResizeSpec()).pixels
    assert pixels.size == (16, 12)
    corners = [pixels.getpixel(place) for place in ((2, 1), (13, 1), (2, 10))]
    for actual, expected in zip(corners, ((32, 32, 223), (32, 32, 223), (223, 223, 32)), strict=True):
        assert isinstance(actual, tuple)
        assert max(abs(a - b) for a, b in zip(actual, expected, strict=True)) < 40, corners


def test_without_arithmetic_decoding_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.imaging.jpeg._reads_arithmetic", lambda: False)
    assert unsupported_coding(ARITHMETIC) == "arithmetic-coded JPEG (SOF9)"
    assert unsupported_coding(PHOTO) is None


def test_bits_that_no_jpeg_has_are_damage() -> None:
    data = START + frame(0xC0, SIZE, bits=9) + PHOTO[SCAN:]
    (error,) = process_image(data, ResizeSpec(sizes=(16,))).outputs.values()
    assert isinstance(error, ImageError)
    assert (error.kind, error.message) == (Kind.DAMAGED, "cannot handle 9-bit layers")


def test_the_exif_block_is_joined_from_its_segments() -> None:
    parts = segment(0xE1, b"Exif\0\0MM\0*") + segment(0xE1, b"http://") + segment(0xE1, b"Exif\0\0more")
    assert exif_of(START + parts + PHOTO[2:]) == b"Exif\0\0MM\0*more"
    assert exif_of(START + b"\0\xff\xf1\xff\xff" + parts[1:] + PHOTO[2:]) == b"Exif\0\0MM\0*more"
    assert exif_of(PHOTO) == b""
