"""Any format x mode x size x fit x orientation has the documented size and mode, or fails with a known kind."""

import io
import random
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support import image_bytes
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.opening import Opened, open_image
from transforms.imaging.resize import Encoded, Output, resize_image
from transforms.imaging.spec import COLORS, DEPTH_RANGES, FILTERS, FITS, LONGEST_SIDE, MODES, ORIENTATIONS, ResizeSpec

# Pillow's format -> the modes in which Pillow writes it.
WRITTEN = {
    "JPEG": ("L", "RGB", "CMYK", "1"),
    "MPO": ("RGB", "L"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("RGB", "RGBA", "L", "LA", "P"),
    "GIF": ("P", "L", "RGB", "RGBA", "1"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB", "PA", "RGBX"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "JPEG2000": ("L", "LA", "RGB", "RGBA", "I;16", "YCbCr"),
    "AVIF": ("RGB", "RGBA", "L"),
    "PPM": ("1", "L", "RGB", "I;16", "I", "F"),
    "TGA": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "ICO": ("1", "L", "P", "RGB", "RGBA"),
    "QOI": ("RGB", "RGBA"),
}
SOURCES = [(image_format, mode) for image_format, modes in WRITTEN.items() for mode in modes]
SIDES = st.integers(1, 80) | st.sampled_from([1, 2, 255, 600])


@st.composite
def sources(draw: st.DrawFn) -> bytes:
    """Return a file with random pixels, and an EXIF orientation if its format has one."""
    image_format, mode = draw(st.sampled_from(SOURCES))
    size = draw(SIDES), draw(SIDES)
    if image_format == "ICO":
        size = min(size[0], 256), min(size[1], 256)
    pixels = random.Random(draw(st.integers(0, 99))).randbytes(12 * size[0] * size[1])
    image = Image.frombytes("RGBA", size, pixels[: 4 * size[0] * size[1]])
    if mode in ("1", "L", "LA", "P", "RGB", "CMYK", "LAB", "YCbCr", "PA", "RGBX", "F", "I"):
        image = image.convert("RGB").convert("P" if mode == "PA" else mode).convert(mode)
    elif mode != "RGBA":
        image = Image.frombytes(mode, size, pixels[: 2 * size[0] * size[1]])
    parameters: dict[str, Any] = {"sizes": [size]} if image_format == "ICO" else {}
    orientation = draw(st.integers(0, 9))
    if orientation and image_format in ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "TIFF"):
        exif = Image.Exif()
        exif[0x0112] = orientation
        parameters["exif"] = exif
    return image_bytes(image, image_format, **parameters)


@st.composite
def specs(draw: st.DrawFn) -> ResizeSpec:
    mode = draw(st.sampled_from(MODES))
    fit = draw(st.sampled_from(FITS))
    extension = draw(st.sampled_from(["", "png"] if mode == "keep" else ["", *LONGEST_SIDE]))
    return ResizeSpec(
        sizes=tuple(draw(st.lists(st.integers(1, 90), min_size=1, max_size=3, unique=True))),
        orientation=draw(st.sampled_from(ORIENTATIONS)),
        fit=fit,
        mode=mode,
        background=draw(st.sampled_from(["#ffffff", "#102030"])),
        color=draw(st.sampled_from(COLORS)),
        depth_range=draw(st.sampled_from(DEPTH_RANGES)),
        max_pixels=draw(st.sampled_from([10**9, 10**9, 10**9, 1000])),
        extension=extension,
        algorithm="nearest" if mode == "keep" else draw(st.sampled_from(list(FILTERS))),
        exact=draw(st.booleans()),
        only_shrink=fit != "stretch" and draw(st.booleans()),
    )


def promised(source: tuple[int, int], size: int, spec: ResizeSpec) -> Any:
    """Return a predicate for (width, height) that does not use the arithmetic of the code."""
    shortest, longest = sorted(source)
    if spec.fit in ("pad", "stretch"):
        return lambda actual: actual == (size, size)
    if spec.fit == "crop":
        if spec.only_shrink:
            return lambda actual: sorted(actual) == sorted(min(side, size) for side in source)
        return lambda actual: actual == (size, size)
    if spec.fit == "cover":
        if spec.only_shrink and shortest <= size:
            return lambda actual: sorted(actual) == [shortest, longest]
        return lambda actual: min(actual) == size and abs(max(actual) - longest * size / shortest) <= 1
    if spec.only_shrink and longest <= size:
        return lambda actual: sorted(actual) == [shortest, longest]
    return lambda actual: max(actual) == size and abs(min(actual) - max(1, shortest * size / longest)) <= 1


def promised_modes(spec: ResizeSpec) -> set[str]:
    if spec.mode == "keep":
        return {"1", "L", "P", "I;16", "RGB"}
    return {"L", "RGB"} if spec.mode == "L" else {"RGB"}  # webp has no gray


KNOWN = (Kind.UNSUPPORTED_FORMAT, Kind.UNSUPPORTED_DEPTH)


def outputs_of(opened: Opened, spec: ResizeSpec) -> tuple[Output, ...]:
    try:
        return tuple(resize_image(opened, spec).outputs.values())
    except ImageError as error:
        return (error,) * len(spec.sizes)


@pytest.mark.slow
@settings(max_examples=600)
@given(sources(), specs())
def test_any_image(data: bytes, spec: ResizeSpec) -> None:
    opened = open_image(data)
    header = opened.header
    for size, output in zip(sorted(spec.sizes, reverse=True), outputs_of(opened, spec), strict=True):
        if isinstance(output, ImageError):
            event(output.kind)
            too_large = spec.max_pixels == 1000 or (spec.fit == "cover" and size * max(header[2:4]) > 16_383)
            assert output.kind in KNOWN or (output.kind is Kind.OUTPUT_TOO_LARGE and too_large)
            continue
        assert isinstance(output, Encoded)
        image = Image.open(io.BytesIO(output.data))
        image.load()
        event(f"{header.format} {header.mode} -> {image.format} {image.mode}")
        assert image.size == output.target.dimensions
        assert promised((header.width, header.height), size, spec)(image.size)
        assert image.mode in promised_modes(spec)
