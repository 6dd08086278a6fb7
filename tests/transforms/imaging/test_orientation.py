"""The orientation of a picture, from EXIF or else XMP, in every format."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from tests.transforms.imaging.files import png, png_rows
from transforms.imaging.decode import decode
from transforms.imaging.errors import Note
from transforms.imaging.opening import open_image
from transforms.imaging.orientation import choose, from_exif, from_xmp, valid
from transforms.imaging.resize import Encoded, ImageResult, process_image
from transforms.imaging.spec import ResizeSpec

TIFF = b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'


def xmp(orientation: int) -> bytes:
    return b'<rdf:Description %s tiff:Orientation="%d"/>' % (TIFF, orientation)


def exif(orientation: int | None, **more: Any) -> bytes:
    """Return an EXIF block without the header of a JPEG. It has a camera's name, and an orientation unless None."""
    block = Image.Exif()
    block[0x0110] = "camera"
    if orientation is not None:
        block[0x0112] = orientation
    return block.tobytes(**more).removeprefix(b"Exif\0\0")


def file(image_format: str, exif_block: bytes | None, packet: bytes | None) -> bytes:
    """Return an image file of 40 x 20 pixels with an EXIF block and an XMP packet, unless they are None."""
    image = Image.new("RGB", (40, 20), "#ffffff")
    image.paste("#ff0000", (0, 0, 10, 10))
    prefix = b"Exif\0\0" if image_format == "JPEG" else b""
    parameters: dict[str, Any] = {} if exif_block is None else {"exif": prefix + exif_block}
    if image_format == "PNG":
        return _png(image, exif_block, packet, after=False)
    if image_format == "TIFF":
        info: dict[int, Any] = {} if packet is None else {700: packet}
        if exif_block and (orientation := from_tag(exif_block)) is not None:
            info[0x0112] = orientation
        return image_bytes(image, "TIFF", tiffinfo=info)
    if packet is not None:
        parameters["xmp"] = packet
    return image_bytes(image, image_format, **parameters)


def from_tag(block: bytes) -> int | None:
    tags = Image.Exif()
    tags.load(block)
    return tags.get(0x0112)


def _png(image: Image.Image, exif_block: bytes | None, packet: bytes | None, *, after: bool) -> bytes:
    chunks = [] if exif_block is None else [(b"eXIf", exif_block)]
    if packet is not None:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
    rows = png_rows(*(image.crop((0, y, 40, y + 1)).tobytes() for y in range(20)))
    return png((40, 20), *((rows, *chunks) if after else (*chunks, rows)))


FORMATS = ["JPEG", "PNG", "WEBP", "TIFF"]


@pytest.mark.parametrize(
    ("exif_block", "packet", "expected"),
    [
        (None, None, 1),
        (exif(6), None, 6),
        (None, xmp(6), 6),
        (exif(None), xmp(6), 6),
        (exif(8), xmp(6), 8),
        (exif(1), xmp(6), 1),
        (exif(0), xmp(6), 6),
        (exif(9), xmp(6), 6),
        (exif(9), None, 1),
        (exif(None), xmp(9), 1),
        (b"MM\0*\0\0\0\x08\xff\xff garbage", xmp(6), 6),
    ],
)
@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_comes_first_and_xmp_second(
    image_format: str, exif_block: bytes | None, packet: bytes | None, expected: int
) -> None:
    header = open_image(file(image_format, exif_block, packet)).header
    assert header.orientation == expected
    assert header.notes == ((Note.EXIF_ORIENTATION,) if expected > 1 else ())
    assert (header.width, header.height) == (40, 20)


@pytest.mark.parametrize("image_format", [*FORMATS, "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_xmp_alone_turns_the_picture_as_exif_does(image_format: str, orientation: int) -> None:
    spec = ResizeSpec(sizes=(40,), orientation="exif", extension="png")
    by_exif = single_output(process_image(file(image_format, exif(orientation), None), spec))
    assert single_output(process_image(file(image_format, None, xmp(orientation)), spec)) == by_exif
    assert open_png(by_exif).size == ((20, 40) if orientation > 4 else (40, 20))


@pytest.mark.parametrize("image_format", FORMATS)
def test_the_pixels_stay_as_stored_by_default(image_format: str) -> None:
    data, plain = file(image_format, None, xmp(6)), file(image_format, None, None)
    assert pixels(data) == pixels(plain)


def pixels(data: bytes) -> bytes:
    return decode(open_image(data), ResizeSpec()).pixels.tobytes()


def single_output(result: ImageResult) -> bytes:
    (output,) = result.outputs.values()
    assert isinstance(output, Encoded)
    return output.data


def open_png(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("exif_block", "packet"), [(exif(6), None), (None, xmp(6)), (exif(6), xmp(3))])
def test_blocks_after_the_pixels_of_a_png_count(exif_block: bytes | None, packet: bytes | None) -> None:
    image = Image.new("RGB", (40, 20))
    assert open_image(_png(image, exif_block, packet, after=True)).header.orientation == 6


def test_an_orientation_in_a_text_of_a_png() -> None:
    block = exif(8)
    text = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    data = png((4, 1), (b"tEXt", b"Raw profile type exif\0" + text), (b"IDAT", zlib.compress(b"\0" + bytes(3 * 4))))
    assert open_image(data).header.orientation == 8


def psd(*resources: tuple[int, bytes]) -> bytes:
    """Return a gray Photoshop file of one pixel."""
    blocks = b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) % 2)
        for number, body in resources
    )
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, 1, 1, 8, 1)
    return head + bytes(4) + struct.pack(">I", len(blocks)) + blocks + bytes(4) + b"\0\0\x80"


def test_photoshops_resources() -> None:
    assert open_image(psd()).header.orientation == 1
    assert open_image(psd((1058, exif(6)), (1060, xmp(3)))).header.orientation == 6
    assert open_image(psd((1060, xmp(3)))).header.orientation == 3


def test_the_boxes_of_an_avif_decide_its_orientation() -> None:
    image = Image.new("RGB", (40, 20))
    data = image_bytes(image, "AVIF", exif=exif(6), xmp=xmp(3))
    assert b"irot" in data
    assert open_image(data).header.orientation == 6


@pytest.mark.parametrize(
    "packet",
    [
        b'tiff:Orientation="6"',
        b"tiff:Orientation='6'",
        b'tiff:Orientation = "6"',
        b"<tiff:Orientation>6</tiff:Orientation>",
        b"<tiff:Orientation >\n 6 \n</tiff:Orientation>",
        b'<a xmlns:t="http://ns.adobe.com/tiff/1.0/" t:Orientation="6"/>',
        'tiff:Orientation="6" é',
    ],
)
def test_ways_to_write_it_in_xmp(packet: bytes | str) -> None:
    assert from_xmp(packet) == 6


@pytest.mark.parametrize(
    "packet", [None, b"", b"<x/>", b'tiff:Orientation="66"', b'tiff:Orientation="x"', b'exif:Orientation="6"']
)
def test_no_orientation_in_xmp(packet: bytes | None) -> None:
    assert from_xmp(packet) is None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_with_and_without_its_prefix() -> None:
    assert from_exif(exif(5)) == from_exif(b"Exif\0\0" + exif(5)) == 5
    assert from_exif(exif(None)) is from_exif(b"") is from_exif(None) is from_exif(b"nothing") is None


def test_the_rule() -> None:
    assert [valid(value) for value in (0, 1, 8, 9, "6", None)] == [None, 1, 8, None, None, None]
    assert choose(None, lambda: None) == 1
    assert choose(3, lambda: 1 // 0) == 3  # XMP is not read


def test_a_reduced_jpeg_is_turned_by_xmp_too() -> None:
    spec = ResizeSpec(sizes=(64,), orientation="exif", extension="png")
    assert open_png(single_output(process_image(jpeg(1, (800, 600), xmp=xmp(8)), spec))).size == (48, 64)
