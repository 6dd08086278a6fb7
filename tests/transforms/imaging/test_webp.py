import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes
from transforms.imaging import opening
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.header import ImageHeader
from transforms.imaging.resize import Encoded, process_image, resize_image
from transforms.imaging.spec import ResizeSpec
from transforms.imaging.webp import Header, read_header


def frames(mode: str) -> dict[str, Any]:
    return {"save_all": True, "append_images": [Image.effect_noise((301, 203), 50).convert(mode)]}


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("parameters", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}, {"frames": True}])
def test_the_header_agrees_with_pillow(mode: str, parameters: dict[str, Any]) -> None:
    saved_with = frames(mode) if "frames" in parameters else parameters
    image = Image.effect_noise((301, 203), 50).convert(mode)
    image.putpixel((0, 0), (1, 2, 3, 4)[: len(mode)])
    data = image_bytes(image, "WEBP", **saved_with)
    opened = Image.open(io.BytesIO(data))
    assert (opened.size, opened.mode) == ((301, 203), mode)
    assert read_header(data) == Header(301, 203, mode == "RGBA")
    assert read_header(data[:30]) is not None
    assert read_header(data[:29]) is None


def test_transparency_that_an_extended_header_does_not_declare() -> None:
    plain = image_bytes(Image.new("RGBA", (7, 5), "#10203040"), "WEBP", lossless=True)
    assert read_header(extended(plain[12:], (7, 5))) == Header(7, 5, True)


@pytest.mark.parametrize("data", [b"", b"RIFF" + bytes(40), b"RIFF\0\0\0\0WEBPVP9 " + bytes(40), bytes(100)])
def test_other_files_have_no_such_header(data: bytes) -> None:
    assert read_header(data) is None


def extended(chunks: bytes, size: tuple[int, int]) -> bytes:
    """Return a WebP of chunks after a header that declares (width, height) pixels."""
    dimensions = b"".join((side - 1).to_bytes(3, "little") for side in size)
    body = b"WEBPVP8X" + struct.pack("<II", 10, 0) + dimensions + chunks
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bomb(size: tuple[int, int]) -> bytes:
    """Return a WebP for which opening allocates two pictures of `size`."""
    plain = image_bytes(Image.new("RGB", (4, 4)), "WEBP", lossless=True)
    frame = bytes(6) + (size[0] - 1).to_bytes(3, "little") + (size[1] - 1).to_bytes(3, "little") + bytes(4) + plain[12:]
    animation = b"ANIM" + struct.pack("<IIH", 6, 0, 0) + b"ANMF" + struct.pack("<I", len(frame)) + frame
    data = bytearray(extended(animation, size))
    data[20] = 2  # animated
    return bytes(data)


def unopenable(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_args: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(opening, "_open", opened)


def test_too_many_pixels_are_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    unopenable(monkeypatch)
    with pytest.raises(ImageError, match="16384 x 16384 pixels are more than --max_pixels") as caught:
        opening.open_image(bomb((16_384, 16_384)))
    assert caught.value.kind is Kind.TOO_MANY_PIXELS


def test_what_is_not_admitted_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    unopenable(monkeypatch)
    refused = ImageError(Kind.TOO_LARGE, Stage.DECODE, "no room")

    def admit(_needed: int) -> Any:
        raise refused

    result = process_image(bomb((4000, 3000)), ResizeSpec(sizes=(8, 4)), admit)
    assert result.outputs == {8: refused, 4: refused}
    assert result.header == ImageHeader("WEBP", "RGBA", 4000, 3000)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_webp_is_admitted_once_for_the_memory_that_any_image_takes(mode: str) -> None:
    data = image_bytes(Image.new(mode, (60, 40)), "WEBP", lossless=True)
    spec = ResizeSpec(sizes=(16, 8))
    needed: list[int] = []

    @contextmanager
    def admit(bytes_needed: int) -> Iterator[None]:
        needed.append(bytes_needed)
        yield

    result = process_image(data, spec, admit)
    assert all(isinstance(output, Encoded) for output in result.outputs.values())
    resize_image(opening.open_image(data), spec, admit)
    assert needed[0] == needed[1]
    assert len(needed) == 2


@pytest.mark.parametrize("side", [slice(26, 28), slice(28, 30)])
def test_a_side_of_0_pixels_is_damage(side: slice) -> None:
    data = bytearray(image_bytes(Image.new("RGB", (20, 10)), "WEBP"))
    assert data[12:16] == b"VP8 "
    data[side] = b"\0\0"
    error = process_image(bytes(data), ResizeSpec(sizes=(8,))).outputs[8]
    assert isinstance(error, ImageError)
    assert error.kind is Kind.DAMAGED
