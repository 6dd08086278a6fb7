"""The exact gray levels of pixels that are not unsigned 8-bit values."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.support import image_bytes
from tests.transforms.imaging.files import tiff
from transforms.imaging.decode import decode
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.opening import open_image
from transforms.imaging.spec import ResizeSpec


def levels(data: bytes, **settings: Any) -> list[int]:
    """Return the gray levels of the pixels of a file's output."""
    pixels = decode(open_image(data), ResizeSpec(**settings)).pixels
    assert pixels.mode == "L"
    return list(pixels.tobytes())


def error_of(data: bytes, **settings: Any) -> ImageError:
    with pytest.raises(ImageError) as caught:
        levels(data, **settings)
    assert caught.value.stage is Stage.DECODE
    return caught.value


VALUES = {
    "H": [0, 128, 129, 257, 1000, 32768, 65535],
    "h": [-32768, -32768 + 129, 0, 32767],
    "I": [0, 8_421_504, 8_421_506, 2**31 - 1, 2**31, 2**32 - 1],
    "i": [-(2**31), 0, 16_843_010, 2**31 - 1],
    "b": [-128, -1, 0, 127],
}
LOWEST = {"H": 0, "h": -(2**15), "I": 0, "i": -(2**31), "b": -128}
STEPS = {"H": 257, "h": 257, "I": 16_843_009, "i": 16_843_009, "b": 1}


def expected(kind: str) -> list[int]:
    return [round((value - LOWEST[kind]) / STEPS[kind]) for value in VALUES[kind]]


@pytest.mark.parametrize(
    ("kind", "order", "photometric"),
    [
        *(("H", "<", 1), ("H", ">", 1), ("H", "<", 0), ("h", "<", 1), ("h", ">", 1)),
        *(("I", "<", 1), ("i", "<", 1), ("i", ">", 1), ("b", "<", 1), ("b", ">", 1)),
    ],
)
def test_integers_of_a_tiff_span_their_whole_type(kind: str, order: str, photometric: int) -> None:
    values = VALUES[kind]
    data = struct.pack(f"{order}{len(values)}{kind}", *values)
    sample_format = 2 if kind.islower() else 1
    bits = 8 * struct.calcsize(kind)
    file = tiff(len(values), data, bits, sample_format=sample_format, photometric=photometric, order=order)
    light = expected(kind)
    assert levels(file) == (light if photometric else [255 - level for level in light])


def test_12_bits() -> None:
    # Two values in three bytes: 0 and 4095, 2047 and 16.
    assert levels(tiff(4, bytes([0x00, 0x0F, 0xFF, 0x7F, 0xF0, 0x10]), 12)) == [0, 255, 127, 1]


@pytest.mark.parametrize(("bits", "step"), [(1, 255), (2, 85), (4, 17), (8, 1)])
@pytest.mark.parametrize("photometric", [0, 1])
def test_8_bits_and_fewer(bits: int, step: int, photometric: int) -> None:
    data = bytes([0b00011011])
    values = [data[0] >> shift & ((1 << bits) - 1) for shift in range(8 - bits, -1, -bits)]
    light = [value * step for value in values]
    result = levels(tiff(len(values), data, bits, photometric=photometric))
    assert result == (light if photometric else [255 - level for level in light])


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "JPEG2000"])
def test_16_bit_gray_of_other_formats(image_format: str) -> None:
    values = VALUES["H"]
    image = Image.frombytes("I;16", (len(values), 1), struct.pack(f"<{len(values)}H", *values))
    assert levels(image_bytes(image, image_format)) == [round(value / 257) for value in values]


@pytest.mark.parametrize(("highest", "values"), [(65_535, [0, 257, 30_000, 65_535]), (1000, [0, 4, 500, 1000])])
def test_pgm_spans_what_its_header_says(highest: int, values: list[int]) -> None:
    data = f"P5 4 1 {highest}\n".encode() + struct.pack(">4H", *values)
    assert levels(data) == [round(round(value / highest * 65_535) / 257) for value in values]


def float_tiff(values: list[float], photometric: int = 1) -> bytes:
    return tiff(len(values), struct.pack(f"<{len(values)}f", *values), 32, sample_format=3, photometric=photometric)


FLOATS = [math.nan, -0.25, 0.0, 0.25, 0.5, 1.0, 1.5, 0.001, 0.002]


def test_floats_are_expected_in_0_to_1() -> None:
    assert levels(float_tiff(FLOATS)) == [0, 0, 0, 64, 128, 255, 255, 0, 1]
    assert levels(float_tiff(FLOATS, photometric=0)) == [0, 255, 255, 191, 128, 0, 0, 255, 254]
    assert levels(float_tiff([math.inf, -math.inf, 0.5, 1.0])) == [255, 0, 128, 255]


def test_floats_that_were_clipped_are_noted() -> None:
    def notes(values: list[float]) -> tuple[Note, ...]:
        return decode(open_image(float_tiff(values)), ResizeSpec()).notes

    assert notes([0.0, 0.5, 1.0]) == ()
    assert notes([math.nan, 0.5, 1.0]) == ()
    assert notes([0.0, 0.5, 1.01]) == (Note.FLOAT_CLIPPED,)


def test_floats_of_another_range_are_not_guessed_at() -> None:
    error = error_of(float_tiff([0.5, 200.0, 3000.0]))
    assert error.kind is Kind.UNSUPPORTED_DEPTH
    assert error.message == (
        "67% of the values are outside 0 to 1, the expected range of floats: use --depth_range auto to stretch each "
        "image"
    )


@pytest.mark.parametrize(("bits", "sample_format"), [(16, 3), (64, 3), (64, 1), (24, 3)])
def test_other_pixel_types_are_not_guessed_at(bits: int, sample_format: int) -> None:
    error = error_of(tiff(1, bytes(8), bits, sample_format=sample_format))
    assert error.kind is Kind.UNSUPPORTED_DEPTH
    assert error.message == "unknown pixel mode"


def test_each_image_can_be_stretched_instead() -> None:
    def gray16(*values: int) -> bytes:
        return tiff(len(values), struct.pack(f"<{len(values)}H", *values), 16)

    assert levels(gray16(1000, 1500, 2000), depth_range="auto") == [0, 128, 255]
    assert levels(float_tiff([math.nan, -10.0, 0.0, 30.0]), depth_range="auto") == [0, 0, 64, 255]
    assert levels(float_tiff([-10.0, 0.0, 30.0], photometric=0), depth_range="auto") == [255, 191, 0]
    wrapped = tiff(3, struct.pack("<3I", 2**31 - 1, 2**31, 2**31 + 1), 32)
    assert levels(wrapped, depth_range="auto") == [0, 128, 255]
    assert levels(gray16(7, 7), depth_range="auto") == [0, 0]
    eight_bits = image_bytes(Image.frombytes("L", (2, 1), bytes([100, 101])), "PNG")
    assert levels(eight_bits, depth_range="auto") == [100, 101]
    assert (
        error_of(float_tiff([0.0, math.inf]), depth_range="auto").message
        == "some values are infinite: use --depth_range full"
    )


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=40))
def test_16_bits_are_rounded_to_the_nearest(values: list[int]) -> None:
    file = tiff(len(values), struct.pack(f"<{len(values)}H", *values), 16)
    assert levels(file) == [round(value / 257) for value in values]
