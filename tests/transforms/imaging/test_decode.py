"""Decoding: reduced scales, truncated and damaged files, and errors of Pillow."""

import struct
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from tests.support.comparison import psnr
from transforms.imaging.decode import decode, set_draft_scale
from transforms.imaging.errors import ImageError, Kind, Note
from transforms.imaging.opening import open_image
from transforms.imaging.spec import ResizeSpec


def pixels_of(data: bytes, **settings: Any) -> Image.Image:
    return decode(open_image(data), ResizeSpec(**settings)).pixels


def error_of(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        pixels_of(data)
    return caught.value


@pytest.mark.parametrize("cut", [200, 1000, 2500])
def test_a_truncated_image_fails(cut: int) -> None:
    assert error_of(jpeg(1, (400, 300))[:-cut]).kind is Kind.TRUNCATED


def test_a_damaged_png_fails() -> None:
    data = bytearray(image_bytes(Image.effect_noise((60, 60), 50), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert error_of(bytes(data)).kind is Kind.DAMAGED


def test_a_truncated_jpeg_can_be_accepted() -> None:
    data = jpeg(1, (400, 304))
    whole = pixels_of(data)
    opened = open_image(data[: len(data) // 2])
    decoded = decode(opened, ResizeSpec(truncated="accept"))
    assert (decoded.pixels.size, decoded.notes) == ((400, 304), (Note.TRUNCATED,))
    top, bottom = (0, 0, 400, 96), (0, 256, 400, 304)
    assert decoded.pixels.crop(top).tobytes() == whole.crop(top).tobytes()
    assert decoded.pixels.crop(bottom).tobytes() != whole.crop(bottom).tobytes()
    assert decode(open_image(data), ResizeSpec(truncated="accept")).notes == ()


def test_an_accepted_jpeg_is_held_in_memory_once() -> None:
    data = jpeg(1, (400, 304))
    opened = open_image(data[: len(data) // 2])
    assert decode(opened, ResizeSpec(truncated="accept")).pixels.getpixel((0, 0))
    with pytest.raises(ValueError, match="closed image"):
        opened.image.tobytes()


def test_an_accepted_jpeg_is_decoded_at_the_same_reduced_scale() -> None:
    data = jpeg(1, (1600, 1200))[:-20_000]
    spec = ResizeSpec(sizes=(200,), truncated="accept")
    opened = open_image(data)
    assert set_draft_scale(opened, spec) == (0, 0, 400, 300)
    assert decode(opened, spec).pixels.size == (400, 300)


@pytest.mark.parametrize(
    ("image_format", "kind"), [("PNG", Kind.TRUNCATED), ("WEBP", Kind.DAMAGED), ("TIFF", Kind.TRUNCATED)]
)
def test_only_jpegs_are_accepted_truncated(image_format: str, kind: Kind) -> None:
    data = image_bytes(Image.effect_noise((90, 90), 50).convert("RGB"), image_format)
    with pytest.raises(ImageError) as caught:
        pixels_of(data[:-2000], truncated="accept")
    assert caught.value.kind is kind


def test_a_gray_dataset_reads_the_luma_of_a_jpeg_alone() -> None:
    data = jpeg(1, (400, 300))
    opened = open_image(data)
    assert set_draft_scale(opened, ResizeSpec(mode="L")) == (0, 0, 400, 300)
    gray = decode(opened, ResizeSpec(mode="L")).pixels
    assert gray.mode == "L"
    assert psnr(gray, pixels_of(data).convert("L")) > 50


@pytest.mark.parametrize(
    ("size", "spec", "decoded", "box"),
    [
        ((2000, 1500), ResizeSpec(), (1000, 750), (0, 0, 1000, 750)),
        ((4001, 3001), ResizeSpec(), (1001, 751), (0, 0, 1000.25, 750.25)),
        ((1024, 768), ResizeSpec(), (1024, 768), (0, 0, 1024, 768)),
        ((1024, 768), ResizeSpec(reducing_gap=1), (512, 384), (0, 0, 512, 384)),
        ((2000, 1500), ResizeSpec(sizes=(64, 900)), (2000, 1500), (0, 0, 2000, 1500)),
        ((2000, 1500), ResizeSpec(exact=True), (2000, 1500), (0, 0, 2000, 1500)),
        ((2000, 1500), ResizeSpec(algorithm="box"), (2000, 1500), (0, 0, 2000, 1500)),
    ],
)
def test_reduced_decoding(size: tuple[int, int], spec: ResizeSpec, decoded: tuple[int, int], box: Any) -> None:
    opened = open_image(image_bytes(Image.new("RGB", size), "JPEG"))
    assert set_draft_scale(opened, spec) == box
    assert decode(opened, spec).pixels.size == decoded


def test_any_exception_of_pillow_becomes_an_image_error(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_image(jpeg(1, (40, 30)))
    for raised in (ValueError("x"), SyntaxError("x"), struct.error("x"), IndexError("x"), RecursionError("x")):

        def load(error: Exception = raised) -> None:
            raise error

        monkeypatch.setattr(opened.image, "load", load)
        with pytest.raises(ImageError) as caught:
            decode(opened, ResizeSpec())
        assert caught.value.kind is Kind.DAMAGED
        assert caught.value.message == f"the structure of the file is broken ({type(raised).__name__}: x)"
