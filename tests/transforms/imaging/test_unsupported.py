"""Unsupported codings are named, and supported ones are not."""

import struct

import pytest
from PIL import Image

from tests.support import image_bytes
from tests.transforms.imaging.files import bmp, boxes_of, psd, tiff_of
from transforms.imaging import unsupported
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec

# Pillow warns about directories that end early.
pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF data")

COMPRESSION, BITS, PHOTOMETRIC = 259, 258, 262


def outcome(data: bytes) -> Encoded | ImageError:
    output = process_image(data, ResizeSpec(sizes=(8,), extension="png")).outputs[8]
    assert isinstance(output, (Encoded, ImageError))
    return output


def jpeg_2000(components: int) -> bytes:
    """Return the beginning of a JPEG 2000 codestream: SOC and SIZ."""
    size = struct.pack(">HIIIIIIIIH", 0, 8, 8, 0, 0, 8, 8, 0, 0, components) + b"\x07\x01\x01" * components
    return b"\xff\x4f\xff\x51" + struct.pack(">H", 2 + len(size)) + size + bytes(100)


NAMED = [
    *(
        (f"TIFF with {name} inside", tiff_of({COMPRESSION: value}))
        for name, value in {
            "LERC": 34887,
            "JPEG 2000": 34712,
            "JPEG XL": 50002,
            "WebP": 50001,
            "PNG": 34933,
            "JPEG XR": 34934,
            "JBIG": 34661,
            "NeXT compression": 32766,
            "PixarLog compression": 32909,
            "lossy JPEG of DNG": 34892,
            "compression 40000": 40000,
        }.items()
    ),
    ("TIFF with JPEG 2000 inside", tiff_of({COMPRESSION: 33003}, head=b"MM\0*")),
    ("TIFF with JPEG 2000 inside", tiff_of({COMPRESSION: 33005}, head=b"II+\0")),
    ("TIFF with LERC inside", tiff_of({COMPRESSION: 34887}, head=b"MM\0+")),
    ("TIFF with 12-bit JPEG inside", tiff_of({COMPRESSION: 7, BITS: 12})),
    ("TIFF with raw sensor data inside", tiff_of({PHOTOMETRIC: 32803, BITS: 16})),
    ("TIFF with LogLuv colors inside", tiff_of({COMPRESSION: 34676, PHOTOMETRIC: 32845, BITS: 16})),
    (
        "TIFF with its picture in a SubIFD behind a preview, as in camera raw files (DNG, NEF, ARW)",
        tiff_of({254: 1, 330: 16}),
    ),
    ("16-bit PSD", psd(16, 3, 3)),
    ("32-bit PSD", psd(32, 1, 1)),
    ("1-bit PSD in mode RGB", psd(1, 3, 3)),
    ("PSD with ZIP inside", psd(8, 3, 3, compression=2)),
    ("PSB (a Photoshop file for large pictures)", psd(8, 3, 3, version=2)),
    ("BMP with JPEG inside", bmp(0, 4)),
    ("BMP with PNG inside", bmp(0, 5)),
    ("BMP of 64 bits per pixel", bmp(64, 0)),
    ("BMP of 2 bits per pixel", bmp(2, 0)),
    ("BMP with unusual bit masks", bmp(32, 3, struct.pack("<III", 0x3FF00000, 0xFFC00, 0x3FF))),
    ("JPEG 2000 with 5 components", jpeg_2000(5)),
    ("HEIF with H.264 inside", boxes_of(b"avci", b"mif1")),
    ("camera raw (Canon CR3)", boxes_of(b"crx ", b"isom")),
    ("TIFF with JPEG XR inside", tiff_of({COMPRESSION: 22610})),
    ("TIFF with compression 12345 inside", tiff_of({COMPRESSION: 12345})),
    ("JPEG XR", b"II\xbc\x01" + bytes(99)),
    ("OpenEXR", b"v/1\x01" + bytes(99)),
    ("PAM", b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR\n\0\0\0"),
    ("PFM in color", b"PF\n1 1\n-1.0\n" + bytes(12)),
    ("SGI", image_bytes(Image.new("RGB", (8, 8)), "SGI")),
    ("DDS", image_bytes(Image.new("RGB", (8, 8)), "DDS")),
    ("ICNS", image_bytes(Image.new("RGB", (16, 16)), "ICNS")),
]


@pytest.mark.parametrize(("name", "data"), NAMED)
def test_an_unsupported_coding_is_named(name: str, data: bytes) -> None:
    error = outcome(data)
    assert isinstance(error, ImageError)
    assert (error.kind, error.message.partition(" is not supported")[0]) == (Kind.UNSUPPORTED_CODING, name)
    assert error.message.endswith(": convert the file to JPEG or PNG")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        *((Kind.DAMAGED, tiff_of({COMPRESSION: value})) for value in (5, 7, 8, 32773, 34925, 50000, 7_000_000)),
        (Kind.DAMAGED, tiff_of({COMPRESSION: 7, BITS: 15_728_648})),
        (Kind.DAMAGED, boxes_of(b"avif", b"mif1")),
        (Kind.DAMAGED, boxes_of(b"mif1", b"avif", b"heic")),
        # The extras read these.
        (Kind.DAMAGED, boxes_of(b"heic", b"mif1", b"heic")),
        (Kind.DAMAGED, boxes_of(b"mif1", b"mif1", b"heic")),
        (Kind.DAMAGED, boxes_of(b"mif1", b"miaf")),
        (Kind.DAMAGED, b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99)),
        (Kind.DAMAGED, b"\xff\x0a" + bytes(99)),
        (Kind.NOT_AN_IMAGE, boxes_of(b"isom", b"mp42")),
        (Kind.NOT_AN_IMAGE, b"%PDF-1.7\n" + bytes(99)),
        (Kind.NOT_AN_IMAGE, b"<svg/>"),
    ],
)
def test_damaged_files_and_other_files_are_not_called_unsupported(kind: Kind, data: bytes) -> None:
    error = outcome(data)
    assert isinstance(error, ImageError)
    if error.kind is not kind:
        assert (kind, error.kind) == (
            Kind.DAMAGED,
            Kind.UNSUPPORTED_DEPTH,
        )  # the kind for a wrong number of bits is unsupported-depth


@pytest.mark.parametrize(
    "data",
    [
        tiff_of({}),
        tiff_of({}, head=b"MM\0*"),
        tiff_of({}, head=b"II+\0"),
        tiff_of({254: 1}),  # a reduced picture, but the only one
        tiff_of({330: 16}),  # the main picture, followed by smaller ones
        psd(8, 3, 3),
        bmp(16, 0),
        bmp(32, 3, struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)),
    ],
)
def test_supported_codings_are_written(data: bytes) -> None:
    assert isinstance(outcome(data), Encoded)


@pytest.mark.parametrize("data", [data for _, data in NAMED])
def test_any_beginning_of_a_file_has_a_known_outcome(data: bytes) -> None:
    for length in (*range(60), len(data) - 1):
        unsupported.coding_of(data[:length])
        assert isinstance(outcome(data[:length]), (ImageError, Encoded))


def test_a_directory_beyond_the_end_of_the_file() -> None:
    assert unsupported.coding_of(b"II+\0\x08\0\0\0" + b"\xff" * 8) is None
    assert unsupported.coding_of(b"II*\0" + b"\xff" * 4) is None
