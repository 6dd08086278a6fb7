"""Pillow's exceptions become plain sentences."""

import io
import struct

import pytest
from PIL import Image

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.opening import open_image
from transforms.imaging.pillow_errors import image_errors


def failure(error: Exception, stage: Stage = Stage.DECODE) -> ImageError:
    with pytest.raises(ImageError) as caught, image_errors(stage):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SyntaxError("broken PNG file (bad header checksum in b'IHDR')"), "the checksum of IHDR is wrong"),
        (SyntaxError("broken PNG file (incomplete checksum in b'PLTE')"), "the checksum of PLTE is missing"),
        (SyntaxError("broken PNG file (chunk b'a\\x00')"), "the PNG has a chunk with the invalid name b'a\\x00'"),
        (OSError("decoder error -2"), "the pixels cannot be decoded"),
        (OSError(-2), "the pixels cannot be decoded"),
        (OSError("decoder error -2 when reading image file"), "the pixels cannot be decoded"),
        (
            OSError("broken data stream when reading image file"),
            "the pixels cannot be decoded (broken data stream)",
        ),
        (SyntaxError("cannot handle 9-bit layers"), "cannot handle 9-bit layers"),
        (OSError("image file is truncated (3 bytes not processed)"), "image file is truncated (3 bytes not processed)"),
        (ValueError(b"Token too long in file header: 1234"), "Token too long in file header"),
        (ValueError("invalid literal for int() with base 10: b'x'"), "the header has b'x' in place of a number"),
        (MemoryError(), "there is not enough memory"),
        (IndexError("index out of range"), "the structure of the file is broken (index out of range)"),
        (ZeroDivisionError(), "the structure of the file is broken (ZeroDivisionError)"),
        (struct.error("unpack requires 4 bytes"), "the structure of the file is broken (unpack requires 4 bytes)"),
    ],
)
def test_the_message_is_a_sentence(error: Exception, message: str) -> None:
    assert failure(error).message == message


def test_a_failure_to_encode_does_not_blame_the_file() -> None:
    error = failure(KeyError("x"), Stage.ENCODE)
    assert (error.kind, error.message) == (Kind.NOT_ENCODED, "the image cannot be encoded (KeyError: 'x')")
    assert failure(OSError("encoder error -2 when writing image file"), Stage.ENCODE).message == (
        "the pixels cannot be encoded"
    )


def test_too_many_pixels() -> None:
    error = failure(
        Image.DecompressionBombError(
            "Image size (400 pixels) exceeds limit of 200 pixels, could be decompression bomb DOS attack."
        )
    )
    assert (error.kind, error.message) == (Kind.TOO_MANY_PIXELS, "the image has 400 pixels, more than 200")


def test_a_png_with_a_wrong_checksum_of_its_header() -> None:
    file = io.BytesIO()
    Image.new("L", (2, 2)).save(file, "PNG")
    data = bytearray(file.getvalue())
    data[29] ^= 1
    with pytest.raises(ImageError) as caught:
        open_image(bytes(data))
    assert (caught.value.kind, caught.value.message) == (Kind.DAMAGED, "the checksum of IHDR is wrong")
