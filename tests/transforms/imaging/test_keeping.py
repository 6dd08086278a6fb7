"""--keep_small: only a source that needs no change is stored byte for byte."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from tests.support.photos import photo
from tests.transforms.imaging.files import gamma, icc_profile, png, png_rows, xyz
from tests.transforms.imaging.jpegs import lossless
from transforms.imaging import Encoded, ImageError, ImageResult, Kind, Note, ResizeSpec, process_image
from transforms.imaging.isobmff import is_deep_avif
from transforms.imaging.jpeg import end_of_image

SIZE = (48, 32)
PHOTO = photo(1, SIZE)
JPEG = jpeg(1, SIZE, quality=95)
TRANSPARENT = PHOTO.copy()
TRANSPARENT.putalpha(Image.linear_gradient("L").resize(SIZE))
PRIMARIES = {"rXYZ": xyz(0.6, 0.3, 0.02), "gXYZ": xyz(0.2, 0.6, 0.1), "bXYZ": xyz(0.15, 0.06, 0.7)}
PROFILE = icc_profile("RGB ", PRIMARIES | dict.fromkeys(("rTRC", "gTRC", "bTRC"), gamma(2.2)))


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112], block[0x010F] = orientation, "a camera"
    return block.tobytes()


def made(data: bytes, *sizes: int, **settings: Any) -> ImageResult:
    return process_image(data, ResizeSpec(**{"sizes": sizes or (64,), "keep_small": True, **settings}))


def kept(data: bytes, *sizes: int, **settings: Any) -> list[bool]:
    """Return for each size whether the source was kept, and check this against the bytes."""
    found = []
    for output in made(data, *sizes, **settings).outputs.values():
        assert isinstance(output, Encoded)
        assert (output.data == data) is output.kept
        found.append(output.kept)
    return found


KEPT = {
    "JPEG": JPEG,
    "JPEG progressive": jpeg(1, SIZE, progressive=True, restart_marker_blocks=2),
    "JPEG with EXIF and a comment": jpeg(1, SIZE, exif=exif(1), comment=b"\xff\xd9 is no end"),
    "JPEG with a profile": jpeg(1, SIZE, icc_profile=PROFILE),
    "PNG": image_bytes(PHOTO, "PNG", compress_level=1),
    "WebP": image_bytes(PHOTO, "WEBP"),
    "WebP lossless with EXIF": image_bytes(PHOTO, "WEBP", lossless=True, exif=exif(1)),
    "AVIF": image_bytes(PHOTO, "AVIF", max_threads=1),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_source_that_needs_no_change_is_kept(name: str) -> None:
    data = KEPT[name]
    result = made(data, extension=name.split()[0].lower().replace("jpeg", "jpg"))
    assert result.data(64) == data
    assert kept(data) == [True]
    output = result.outputs[64]
    assert isinstance(output, Encoded)
    assert (output.target.dimensions, output.target.source_box, output.target.output_box) == (
        SIZE,
        (0, 0, *SIZE),
        (0, 0, *SIZE),
    )
    assert kept(data, keep_small=False, only_shrink=True) == [False]


@pytest.mark.parametrize("name", KEPT)
def test_no_end_of_a_kept_source_may_be_missing_and_nothing_may_follow(name: str) -> None:
    data = KEPT[name]
    if name != "AVIF":  # its decoder may reject or read the longer file, but it is never kept
        assert kept(data + b"more") == [False]
    for end in (len(data) - 1, len(data) // 2):
        output = made(data[:end]).outputs[64]
        assert isinstance(output, ImageError) or not output.kept  # type: ignore[union-attr]


_FRAME = jpeg(1, SIZE).index(b"\xff\xc0")
# Luma has 3 x 1 samples for each chroma sample.
RARE_SUBSAMPLING = jpeg(1, SIZE)[: _FRAME + 11] + b"\x31" + jpeg(1, SIZE)[_FRAME + 12 :]
NOT_KEPT: dict[str, tuple[bytes, dict[str, Any]]] = {
    "another format": (JPEG, {"extension": "png"}),
    "too large": (JPEG, {"sizes": (47,)}),
    "turned": (jpeg(1, SIZE, exif=exif(6)), {}),
    "a turn that viewers would apply": (jpeg(1, SIZE, exif=exif(6)), {"orientation": "stored"}),
    "padded": (JPEG, {"fit": "pad"}),
    "cropped": (JPEG, {"fit": "crop", "sizes": (40,)}),
    "covering": (JPEG, {"fit": "cover", "sizes": (31,)}),
    "gray in color": (image_bytes(PHOTO.convert("L"), "JPEG"), {}),
    "color in gray": (JPEG, {"mode": "L"}),
    "CMYK": (image_bytes(PHOTO.convert("CMYK"), "JPEG"), {}),
    "a palette": (image_bytes(PHOTO.convert("P"), "PNG"), {}),
    "transparency": (image_bytes(PHOTO.convert("RGBA"), "PNG"), {}),
    "a transparent color": (image_bytes(PHOTO, "PNG", transparency=(1, 2, 3)), {}),
    "a WebP with transparency": (image_bytes(TRANSPARENT, "WEBP", lossless=True), {}),
    "16 bits": (png((4, 1), png_rows(bytes(range(24))), bits=16), {}),
    "a profile to convert": (jpeg(1, SIZE, icc_profile=PROFILE), {"color": "srgb"}),
    "a broken text": (
        png((2, 1), (b"tEXt", b"\xff" * 5), png_rows(bytes(6))).replace(b"tEXt\xff", b"tEXt\xfe"),
        {},
    ),
    "further frames of WebP": (image_bytes(PHOTO, "WEBP", save_all=True, append_images=[photo(2, SIZE)]), {}),
    "further frames of PNG": (image_bytes(PHOTO, "PNG", save_all=True, append_images=[photo(2, SIZE)]), {}),
    "further frames of AVIF": (image_bytes(PHOTO, "AVIF", save_all=True, append_images=[photo(2, SIZE)]), {}),
    "further pictures of a JPEG": (image_bytes(PHOTO, "MPO", save_all=True, append_images=[photo(2, SIZE)]), {}),
    "a lossless JPEG": (lossless([[[9] * 8] * 8]), {"mode": "L"}),
    "a JPEG that could not be checked": (RARE_SUBSAMPLING, {"check_jpeg": True}),
    "a second JPEG behind the first": (JPEG + JPEG, {}),
    "a checksum that is accepted": (
        image_bytes(PHOTO, "PNG")[:-16] + b"\0" + image_bytes(PHOTO, "PNG")[-15:],
        {"truncated": "accept"},
    ),
    "an end that is accepted": (JPEG[:-200], {"truncated": "accept"}),
}


@pytest.mark.parametrize("name", NOT_KEPT)
def test_a_source_that_needs_a_change_is_encoded_as_without_the_flag(name: str) -> None:
    data, settings = NOT_KEPT[name]
    assert kept(data, **settings) == [False]
    usual = made(data, **{"only_shrink": True, **settings, "keep_small": False})
    assert list(made(data, **settings).outputs.values()) == list(usual.outputs.values())


def test_a_deep_avif_is_not_kept() -> None:
    # The configuration (av1C) has a flag for more than 8 bits per channel.
    data = image_bytes(PHOTO, "AVIF", max_threads=1)
    at = data.index(b"av1C") + 6
    assert not is_deep_avif(data)
    assert is_deep_avif(data[:at] + bytes([data[at] | 0x40]) + data[at + 1 :])


def test_each_size_is_decided_alone() -> None:
    assert kept(JPEG, 64, 48, 47, 16) == [True, True, False, False]
    usual = made(JPEG, 47, 16, keep_small=False)
    found = made(JPEG, 64, 48, 47, 16)
    assert found.data(47) == usual.data(47)


@pytest.mark.parametrize(
    ("fit", "size", "expected"),
    [("contain", 48, True), ("cover", 32, True), ("cover", 100, True), ("crop", 48, True), ("crop", 47, False)],
)
def test_a_fit_that_changes_nothing(fit: str, size: int, expected: bool) -> None:
    assert kept(JPEG, size, fit=fit) == [expected]


def test_a_square_of_the_size_needs_no_padding() -> None:
    square = jpeg(1, (32, 32))
    assert kept(square, 32, fit="pad") == [True]
    assert kept(square, 33, fit="pad") == [False]


def test_gray_is_kept_in_gray() -> None:
    for image_format in ("JPEG", "PNG"):
        assert kept(image_bytes(PHOTO.convert("L"), image_format), mode="L") == [True]


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16"])
def test_masks_are_kept(mode: str) -> None:
    data = image_bytes(PHOTO.convert("L").convert("I").convert(mode) if mode == "I;16" else PHOTO.convert(mode), "PNG")
    assert kept(data, mode="keep", algorithm="nearest") == [True]


def test_smaller_images_are_not_enlarged_even_if_they_are_encoded_again() -> None:
    assert ResizeSpec(keep_small=True).only_shrink
    gray = image_bytes(PHOTO.convert("L"), "JPEG")
    assert Image.open(io.BytesIO(made(gray).data(64))).size == SIZE


def test_silent_damage_is_found_as_in_every_source() -> None:
    damaged = JPEG[:400] + b"\xff\xd3" + JPEG[402:]
    result = made(damaged, check_jpeg=True)
    error = result.outputs[64]
    assert isinstance(error, ImageError)
    assert error.kind is Kind.DAMAGED
    assert kept(JPEG, check_jpeg=True) == [True]


def test_the_profile_of_a_kept_source_is_noted() -> None:
    assert made(KEPT["JPEG with a profile"]).notes == (Note.ICC_PROFILE,)


def test_a_jpeg_ends_behind_its_last_scan() -> None:
    data = KEPT["JPEG with EXIF and a comment"]
    assert end_of_image(data) == len(data)
    assert end_of_image(data + JPEG) == len(data)
    assert end_of_image(data[:-1]) is None
    progressive = KEPT["JPEG progressive"]
    assert end_of_image(progressive + b"\xff\xd9") == len(progressive)
