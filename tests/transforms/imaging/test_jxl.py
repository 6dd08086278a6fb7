"""JPEG XL files, made by the extra's own encoder, and by imagecodecs."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_jxl  # noqa: F401  # registers the encoder with Pillow
import pytest
from PIL import Image, ImageChops

from tests.support import image_bytes
from tests.support.photos import photo
from transforms.imaging import ImageError, ImageResult, Kind, Note, ResizeSpec, extras, process_image
from transforms.imaging.jxl import read_size
from transforms.imaging.orientation import TRANSPOSITIONS

SIZE = (96, 64)
# The fields of a header that has not only defaults, up to the orientation and behind it; one bit each.
BEFORE, AFTER = [0, 1], [0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1]


def jxl(image: Image.Image, **parameters: Any) -> bytes:
    return image_bytes(image, "JXL", **{"lossless": True, **parameters})


def coded(pixels: np.ndarray[Any, Any]) -> bytes:
    """Encode pixels without loss, by imagecodecs."""
    return bytes(imagecodecs.jpegxl_encode(pixels, lossless=True))


def turned(data: bytes, orientation: int) -> bytes:
    """Return a codestream of 96 x 64 pixels, whose header has only defaults, with an orientation."""
    bits = [byte >> bit & 1 for byte in data for bit in range(8)]
    start = 16 + 1 + 5 + 3  # the signature, and a height of 8 to 256 with a ratio
    assert bits[start] == bits[start + 1] == 1
    header = [*bits[:start], *BEFORE, *(orientation - 1 >> bit & 1 for bit in range(3)), *AFTER]
    header += [0] * (-len(header) % 8)
    body = bits[-(-(start + 2) // 8) * 8 :]
    return np.packbits([*header, *body], bitorder="little").tobytes()


def made(data: bytes, **settings: Any) -> ImageResult:
    return process_image(data, ResizeSpec(**{"sizes": (SIZE[0],), "extension": "png", **settings}))


def pixels_of(data: bytes, **settings: Any) -> Image.Image:
    return Image.open(io.BytesIO(made(data, **settings).data(SIZE[0])))


def difference(left: Image.Image, right: Image.Image) -> int:
    assert (left.mode, left.size) == (right.mode, right.size)
    return int(np.asarray(ImageChops.difference(left, right)).max())


def error_of(data: bytes, **settings: Any) -> ImageError:
    output = made(data, **settings).outputs[SIZE[0]]
    assert isinstance(output, ImageError)
    return output


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_xl_has_its_pixels(mode: str) -> None:
    picture = photo(1, SIZE).convert(mode)
    result = made(jxl(picture), mode=mode)
    assert result.header is not None
    assert result.header[:4] == ("JXL", mode, *SIZE)
    assert result.notes == ()  # the decoder's profile of sRGB is not that of the file
    assert difference(Image.open(io.BytesIO(result.data(SIZE[0]))), picture) == 0


@pytest.mark.parametrize("size", [(96, 64), (64, 96), (1, 1), (8, 8), (257, 300), (300, 300), (1920, 1080), (5000, 8)])
@pytest.mark.parametrize("container", [False, True])
def test_the_size_is_read_without_the_decoder(size: tuple[int, int], container: bool) -> None:
    data = jxl(Image.new("RGB", size), use_container=container, effort=1)
    assert read_size(data) == size
    assert read_size(data[:3]) is None
    assert read_size(b"\xff\x0a") is None


@pytest.mark.parametrize("setting", ["stored", "exif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_once_by_the_codestream(orientation: int, setting: str) -> None:
    data = jxl(photo(1, SIZE), lossless=False, quality=90)
    upright = pixels_of(data)
    if orientation > 1:
        upright = upright.transpose(TRANSPOSITIONS[orientation])
    result = made(turned(data, orientation), orientation=setting)
    assert difference(Image.open(io.BytesIO(result.data(SIZE[0]))), upright) <= 1  # the decoder dithers
    assert result.notes == ()


def test_exif_turns_nothing_since_the_codestream_overrides_it() -> None:
    picture, exif = photo(1, SIZE), Image.Exif()
    exif[0x0112] = 6
    data = jxl(picture, exif=exif.tobytes(), use_container=True)
    assert b"Exif" in data
    assert difference(pixels_of(data), picture) == 0


@pytest.mark.parametrize("setting", ["stored", "exif"])
def test_a_jpeg_inside_gives_the_same_as_the_jpeg(tmp_path: Path, setting: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    source = tmp_path / "x.jpg"
    photo(1, SIZE).save(source, quality=90, exif=exif)
    with Image.open(source) as image, pytest.warns(UserWarning, match="JPEG reconstruction"):
        data = image_bytes(image, "JXL")
    result = made(data, orientation=setting)
    assert result.notes == (Note.EXIF_ORIENTATION,)
    expected = made(source.read_bytes(), orientation=setting, exact=True)
    assert result.data(SIZE[0]) == expected.data(SIZE[0])


def test_transparency_is_laid_on_the_background() -> None:
    picture = photo(1, SIZE).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(SIZE))
    canvas = Image.new("RGBA", SIZE, "#204060")
    canvas.alpha_composite(picture)
    assert difference(pixels_of(jxl(picture), background="#204060"), canvas.convert("RGB")) == 0


def test_gray_of_16_bits_is_rounded_to_the_nearest() -> None:
    values = np.linspace(0, 65_535, 96 * 64).astype(np.uint16).reshape(64, 96)
    got = np.asarray(pixels_of(coded(values), mode="L"))
    assert (got == np.floor(values / 257 + 0.5)).all()


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_other_pixels_of_16_bits_become_8(channels: int) -> None:
    picture = np.asarray(photo(1, SIZE).convert("RGBA"))[..., :channels].copy()
    if channels != 3:
        picture[..., -1] = 255
    got = pixels_of(coded(picture.astype(np.uint16) * 257))
    expected = picture[..., [0, 0, 0]] if channels == 2 else picture[..., :3]
    assert abs(np.asarray(got.convert("RGB")).astype(int) - expected).max() <= 1


def test_a_profile_is_noted_and_converted() -> None:
    data = coded(np.full((64, 96, 3), 128 * 257, np.uint16))  # linear, it says
    assert made(data).notes == (Note.ICC_PROFILE,)
    assert pixels_of(data).getpixel((0, 0)) == (128, 128, 128)
    assert pixels_of(data, color="srgb").getpixel((0, 0)) == (188, 188, 188)


def test_a_file_that_ends_early_fails_wherever_it_ends() -> None:
    data = jxl(photo(1, SIZE), lossless=False)
    for end in (2, 3, 8, *range(20, len(data), 53), len(data) - 1):
        assert error_of(data[:end]).kind is Kind.DAMAGED, end
    assert error_of(data[:-1]).message == "the pixels cannot be decoded: the file is damaged or ends early"
    assert error_of(data[:3]).message == "the header is damaged or cut off"


def test_an_animation_is_refused_since_only_its_last_frame_would_be_decoded() -> None:
    data = coded(np.zeros((3, 64, 96, 3), np.uint8))
    error = error_of(data)
    assert (error.kind, error.message) == (
        Kind.UNSUPPORTED_CODING,
        "an animated JPEG XL is not supported: convert it to PNG",
    )


def test_nothing_is_decoded_before_it_is_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    data = jxl(photo(1, SIZE))
    admitted: list[object] = []
    load = extras.load

    def loading(extra: extras.Extra) -> object:
        admitted.append("decoded")
        return load(extra)

    monkeypatch.setattr(extras, "load", loading)

    @contextlib.contextmanager
    def admit(needed: int) -> Iterator[None]:
        admitted.append(needed)
        yield

    process_image(data, ResizeSpec(sizes=(96,), extension="png"), admit)
    assert admitted == [96 * 64 * (16 + 4 + 4 + 4), "decoded"]
    admitted.clear()
    error = process_image(data, ResizeSpec(sizes=(96,), max_pixels=6_000), admit).outputs[96]
    assert isinstance(error, ImageError)
    assert (error.kind, admitted) == (Kind.TOO_MANY_PIXELS, [])


def test_a_jpeg_xl_keeps_no_format() -> None:
    error = error_of(jxl(photo(1, SIZE)), extension="")
    assert (error.kind, error.message) == (
        Kind.UNSUPPORTED_FORMAT,
        "JXL can be read but not written: use -ext jpg, or another of jpg, png, webp, avif",
    )


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_is_there", lambda module: module != "pillow_jxl")
    for container in (False, True):
        error = error_of(jxl(photo(1, SIZE), use_container=container))
        assert error.kind is Kind.UNSUPPORTED_CODING
        assert error.message == (
            "JPEG XL needs an extra that is not installed: pip install 'downsampled-open-images[jxl]'"
        )
