"""HEIC files, encoded with the extra's own encoder."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageChops

from tests.support import image_bytes
from tests.support.photos import photo
from tests.transforms.imaging.files import boxes_of
from transforms.imaging import ImageError, ImageResult, Kind, Note, ResizeSpec, extras, process_image
from transforms.imaging.heif import accepts
from transforms.imaging.opening import open_image
from transforms.imaging.orientation import TRANSPOSITIONS

SIZE = (96, 64)
# Encode as RGB, so that decoding returns the same pixels.
EXACT = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
DISPLAY_P3 = {"color_primaries": 12, "transfer_characteristic": 13}


def heic(mode: str, pixels: np.ndarray[Any, Any], **parameters: Any) -> bytes:
    """Return a HEIC of pixels in a mode of pillow_heif."""
    buffer = io.BytesIO()
    pillow_heif.encode(mode, pixels.shape[1::-1], pixels.tobytes(), buffer, **{**EXACT, **parameters})
    return buffer.getvalue()


def heic_of(image: Image.Image, **parameters: Any) -> bytes:
    """Return a HEIC of an image."""
    return heic(image.mode, np.asarray(image), **parameters)


def made(data: bytes, **settings: Any) -> ImageResult:
    """Process a HEIC to a PNG at the size of the source."""
    return process_image(data, ResizeSpec(sizes=(SIZE[0],), extension="png", **settings))


def pixels_of(data: bytes, **settings: Any) -> Image.Image:
    return Image.open(io.BytesIO(made(data, **settings).data(SIZE[0])))


def assert_same(left: Image.Image, right: Image.Image, tolerance: int = 0) -> None:
    assert (left.mode, left.size) == (right.mode, right.size)
    extrema = np.asarray(ImageChops.difference(left, right)).max()
    assert extrema <= tolerance


def error_of(data: bytes) -> ImageError:
    output = made(data).outputs[SIZE[0]]
    assert isinstance(output, ImageError)
    return output


def test_a_heic_has_its_pixels() -> None:
    picture = photo(1, SIZE)
    result = made(heic_of(picture))
    assert result.header is not None
    assert result.header[:4] == ("HEIF", "RGB", *SIZE)
    assert result.notes == ()
    assert_same(Image.open(io.BytesIO(result.data(SIZE[0]))), picture)


@pytest.mark.parametrize("setting", ["stored", "exif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_once_as_the_decoder_does(orientation: int, setting: str) -> None:
    picture, exif = photo(1, SIZE), Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    encoded = pillow_heif.HeifFile()
    encoded.add_frombytes("RGB", SIZE, picture.tobytes()).info["exif"] = exif.tobytes()
    encoded.save(buffer, **EXACT)
    upright = picture.transpose(TRANSPOSITIONS[orientation]) if orientation > 1 else picture
    result = process_image(buffer.getvalue(), ResizeSpec(sizes=(96,), extension="png", orientation=setting))
    assert_same(Image.open(io.BytesIO(result.data(96))), upright)
    assert result.header is not None
    assert (result.header.orientation, result.notes) == (1, ())


@pytest.mark.parametrize("kind", ["exif", "xmp"])
def test_an_orientation_in_metadata_alone_turns_nothing(kind: str) -> None:
    picture = photo(1, SIZE)
    if kind == "exif":
        exif = Image.Exif()
        exif[0x0112] = 1
        block = exif.tobytes()
        turned = block.replace(b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x01", b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06")
        data = heic_of(picture, exif=block).replace(block[6:], turned[6:])
        assert turned[6:] in data
    else:
        upright = b'<x xmlns:t="http://ns.adobe.com/tiff/1.0/" t:Orientation="6"/>'
        data = heic_of(picture, xmp=upright)
        assert upright in data
    assert_same(pixels_of(data), picture)


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_gray_is_rounded_to_the_nearest(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    values = np.linspace(0, 2**bits - 1, 96 * 64).astype(np.uint16).reshape(64, 96)
    # libheif uses the upper bits of 16-bit values.
    data = heic("L;16", values << (16 - bits), matrix_coefficients=1)
    result = made(data)
    assert result.header is not None
    assert result.header.mode == "I;16"
    expected = np.floor(values * (255 / (2**bits - 1)) + 0.5)
    got = np.asarray(pixels_of(data).convert("L")).astype(int)
    assert (got == expected).all()


def test_deep_color_becomes_8_bits() -> None:
    picture = photo(1, SIZE)
    data = heic("RGB;16", np.asarray(picture).astype(np.uint16) * 257)
    assert_same(pixels_of(data), picture, tolerance=1)


@pytest.mark.parametrize("mode", ["RGBA", "RGBa"])
def test_transparency_is_laid_on_the_background(mode: str) -> None:
    picture = photo(1, SIZE).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(SIZE))
    canvas = Image.new("RGBA", SIZE, "#204060")
    canvas.alpha_composite(picture)
    stored = picture.convert(mode)
    data = heic(mode, np.frombuffer(stored.tobytes(), np.uint8).reshape(64, 96, 4))
    result = made(data)
    assert result.header is not None
    assert result.header.mode == mode
    assert_same(pixels_of(data, background="#204060"), canvas.convert("RGB"), tolerance=2)


def test_a_color_space_by_numbers_is_noted_and_converted() -> None:
    flat = Image.new("RGB", SIZE, (200, 60, 60))
    data = heic_of(flat, **DISPLAY_P3)
    assert made(data).notes == (Note.CICP,)
    assert pixels_of(data).getpixel((0, 0)) == (200, 60, 60)
    # Computed with the matrix from linear Display P3 to linear sRGB.
    assert pixels_of(data, color="srgb").getpixel((0, 0)) == (217, 42, 52)
    assert made(heic_of(flat)).notes == ()  # the encoder writes sRGB


def test_a_profile_comes_before_the_numbers() -> None:
    profile = image_bytes(Image.new("RGB", (1, 1)), "PNG")  # no profile, and none is read
    data = heic_of(photo(1, SIZE), icc_profile=profile, icc_profile_type="prof", **DISPLAY_P3)
    assert made(data).notes == (Note.ICC_PROFILE,)
    assert made(data, color="srgb").notes == (Note.ICC_PROFILE, Note.ICC_UNUSABLE)


def test_the_primary_picture_is_made() -> None:
    second, buffer = photo(2, SIZE), io.BytesIO()
    file = pillow_heif.HeifFile()
    file.add_frombytes("RGB", (32, 32), Image.new("RGB", (32, 32), "red").tobytes())
    file.add_frombytes("RGB", SIZE, second.tobytes())
    file.save(buffer, primary_index=1, **EXACT)
    assert_same(pixels_of(buffer.getvalue()), second)


def test_a_thumbnail_is_never_made() -> None:
    picture = photo(1, SIZE)
    file, buffer = pillow_heif.HeifFile(), io.BytesIO()
    file.add_frombytes("RGB", SIZE, picture.tobytes()).info["thumbnails"] = [64]
    file.save(buffer, **EXACT)
    assert len(pillow_heif.open_heif(buffer.getvalue()).info["thumbnails"]) == 1
    result = process_image(buffer.getvalue(), ResizeSpec(sizes=(32,), extension="png"))
    expected = process_image(image_bytes(picture, "PNG"), ResizeSpec(sizes=(32,), extension="png"))
    assert result.data(32) == expected.data(32)


def test_a_file_of_tiles_that_ends_early_fails_wherever_it_ends() -> None:
    picture = photo(1, (256, 192))
    whole = heic_of(picture, tile_size=64)
    assert pillow_heif.open_heif(whole).info["tiling"]["num_columns"] == 4
    opened = open_image(whole).image
    opened.load()
    assert_same(opened.copy(), picture)
    for end in range(1, len(whole), 97):
        assert error_of(whole[:end]).kind in (Kind.TRUNCATED, Kind.DAMAGED, Kind.NOT_AN_IMAGE), end
    error = error_of(whole[:-1])
    assert (error.kind, error.message) == (Kind.TRUNCATED, "the file ends early: 1 bytes of the picture are missing")


def test_bytes_that_follow_are_ignored() -> None:
    picture = photo(1, SIZE)
    assert_same(pixels_of(heic_of(picture) + b"SEFT" * 10), picture)


def test_an_avif_stays_with_pillow() -> None:
    avif = image_bytes(photo(1, SIZE), "AVIF")
    for data in (avif, avif[:8] + b"mif1" + avif[12:]):
        assert open_image(data).header.format == "AVIF"
        assert type(open_image(data).image).__module__ == "PIL.AvifImagePlugin"
        assert not accepts(data)  # a damaged one neither


def test_a_heif_that_is_not_coded_as_hevc_is_unsupported() -> None:
    assert error_of(boxes_of(b"avci")).message == (
        "HEIF with H.264 inside is not supported: convert the file to JPEG or PNG"
    )


def test_the_options_of_the_plugin_stay() -> None:
    before = pillow_heif.options.DECODE_THREADS
    made(heic_of(photo(1, SIZE)))
    assert pillow_heif.options.DECODE_THREADS == before == 4


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_is_there", lambda module: module != "pillow_heif")
    for data in (heic_of(photo(1, SIZE)), boxes_of(b"mif1", b"heic")):
        error = error_of(data)
        assert error.kind is Kind.UNSUPPORTED_CODING
        assert error.message == (
            "HEIC needs an extra that is not installed: pip install 'downsampled-open-images[heif]'"
        )
