"""The exact pixels of outputs: transparency, color spaces and profiles."""

import io
import struct
from typing import Any

import pytest
from PIL import Image, ImageCms

from tests.support import image_bytes, jpeg
from tests.support.comparison import psnr
from tests.transforms.imaging.files import color_table, gamma, icc_profile, png, png_rows, xyz
from transforms.imaging.color import finish, prepare
from transforms.imaging.decode import decode
from transforms.imaging.errors import Note
from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, resize_image
from transforms.imaging.spec import ResizeSpec

WHITE = (255, 255, 255)


def colors(data: bytes, **settings: Any) -> list[Any]:
    """Return the pixels of a file's output, in the mode of the output."""
    spec = ResizeSpec(**settings)
    decoded = decode(open_image(data), spec)
    picture = finish(decoded.pixels, decoded, spec)
    return [picture.getpixel((x, y)) for y in range(picture.height) for x in range(picture.width)]


def notes(data: bytes, **settings: Any) -> tuple[Note, ...]:
    opened = open_image(data)
    return opened.header.notes + decode(opened, ResizeSpec(**settings)).notes


def row_of(mode: str, values: list[Any], **parameters: Any) -> bytes:
    """Return a PNG of one row."""
    image = Image.new(mode, (len(values), 1))
    for x, value in enumerate(values):
        image.putpixel((x, 0), value)
    return image_bytes(image, "PNG", **parameters)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_composited_on_the_background(mode: str) -> None:
    data = row_of(mode, [(10, 10, 10, a) if mode == "RGBA" else (10, a) for a in (0, 128, 255)])
    assert colors(data) == [WHITE, (132, 132, 132), (10, 10, 10)]
    assert colors(data, background="#ff0000") == [(255, 0, 0), (132, 5, 5), (10, 10, 10)]
    assert colors(data, background="#000000", mode="L") == [0, 5, 10]


def test_a_palette_with_transparent_colors() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([9, 9, 9, 200, 100, 50, 0, 0, 0])
    for x in range(3):
        image.putpixel((x, 0), x)
    assert colors(image_bytes(image, "PNG", transparency=0)) == [WHITE, (200, 100, 50), (0, 0, 0)]
    assert colors(image_bytes(image, "PNG", transparency=bytes([0, 128, 255]))) == [WHITE, (227, 177, 152), (0, 0, 0)]
    assert colors(image_bytes(image, "PNG")) == [(9, 9, 9), (200, 100, 50), (0, 0, 0)]
    assert colors(image_bytes(image, "GIF", transparency=1))[1] == WHITE


@pytest.mark.parametrize(
    ("mode", "values", "transparency", "expected"),
    [
        ("RGB", [(9, 8, 7), (0, 0, 0)], (9, 8, 7), [WHITE, (0, 0, 0)]),
        ("L", [99, 0], 99, [WHITE, (0, 0, 0)]),
        ("L", [99, 0], 0, [(99, 99, 99), WHITE]),
    ],
)
def test_a_transparent_color(mode: str, values: list[Any], transparency: Any, expected: list[Any]) -> None:
    assert colors(row_of(mode, values, transparency=transparency)) == expected


@pytest.mark.parametrize(("bits", "step"), [(1, 255), (2, 85), (4, 17), (8, 1)])
def test_a_transparent_gray_of_few_bits(bits: int, step: int) -> None:
    # The first pixel has the highest value, which is the transparent one; the second is 0.
    highest = (1 << bits) - 1
    row = bytes([highest << (8 - bits)]) + (b"\0" if bits == 8 else b"")
    transparent = b"tRNS", struct.pack(">H", highest)
    data = png((2, 1), transparent, png_rows(row), bits=bits, color_type=0)
    assert colors(data, background="#00ff00") == [(0, 255, 0), (0, 0, 0)]
    data = png((2, 1), (b"tRNS", bytes(2)), png_rows(row), bits=bits, color_type=0)
    assert colors(data, background="#00ff00") == [(highest * step,) * 3, (0, 255, 0)]


@pytest.mark.parametrize(("color_type", "channels"), [(0, 1), (2, 3)])
def test_a_transparent_color_of_16_bits_is_ignored_and_noted(color_type: int, channels: int) -> None:
    row = struct.pack(f">{2 * channels}H", *[65_535] * channels, *[0] * channels)
    transparent = b"tRNS", bytes([255, 255] * channels)
    data = png((2, 1), transparent, png_rows(row), bits=16, color_type=color_type)
    assert colors(data, background="#00ff00") == [WHITE, (0, 0, 0)]
    assert notes(data) == (Note.TRANSPARENCY_IGNORED,)
    assert notes(png((2, 1), png_rows(row), bits=16, color_type=color_type)) == ()


@pytest.mark.parametrize(("mode", "transparent"), [("PA", (0, 0)), ("La", (0, 0)), ("RGBa", (0, 0, 0, 0))])
def test_rare_transparent_modes(mode: str, transparent: tuple[int, ...]) -> None:
    pixels = prepare(Image.new(mode, (1, 1), transparent), ResizeSpec(background="#ff8000")).pixels
    assert pixels.getpixel((0, 0)) == (255, 128, 0)


def test_the_background_is_applied_before_the_resize() -> None:
    # Opaque black beside transparent white: the edge must not show the hidden white.
    image = Image.new("RGBA", (64, 64), (255, 255, 255, 0))
    image.paste((0, 0, 0, 255), (0, 0, 31, 64))
    spec = ResizeSpec(sizes=(16,), background="#000000", extension="png")
    (output,) = resize_image(open_image(image_bytes(image, "PNG")), spec).outputs.values()
    assert isinstance(output, Encoded)
    assert Image.open(io.BytesIO(output.data)).getextrema() == ((0, 0), (0, 0), (0, 0))


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [("1", 1, WHITE), ("L", 77, (77, 77, 77)), ("RGB", (1, 2, 3), (1, 2, 3)), ("CMYK", (0, 255, 255, 0), (255, 0, 0))],
)
def test_other_modes_become_rgb(mode: str, color: Any, expected: tuple[int, int, int]) -> None:
    assert colors(image_bytes(Image.new(mode, (2, 1), color), "TIFF")) == [expected] * 2


@pytest.mark.parametrize(
    ("mode", "color", "expected"), [("1", 1, 255), ("L", 77, 77), ("RGB", (255, 0, 0), 76), ("P", 1, 76)]
)
def test_a_gray_dataset(mode: str, color: Any, expected: int) -> None:
    image = Image.new(mode, (2, 1), color)
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 0, 0])
    assert colors(image_bytes(image, "PNG"), mode="L") == [expected] * 2


# --- CMYK JPEGs


def without_adobe_marker(data: bytes) -> bytes:
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4]) :]


def cmyk_jpeg(ink: tuple[int, int, int, int]) -> bytes:
    return image_bytes(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100)


def near(left: Any, right: Any, bound: int = 2) -> bool:
    return all(abs(a - b) <= bound for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("ink", [(255, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 255), (30, 200, 90, 40)])
def test_a_cmyk_jpeg_counts_as_inverted_with_and_without_the_marker(ink: tuple[int, int, int, int]) -> None:
    data = cmyk_jpeg(ink)
    expected = Image.new("CMYK", (1, 1), ink).convert("RGB").getpixel((0, 0))
    assert b"Adobe" in data
    assert b"Adobe" not in without_adobe_marker(data)
    assert near(colors(data)[0], expected)
    assert colors(without_adobe_marker(data)) == colors(data)


def test_a_ycck_jpeg_is_recognized_by_the_marker() -> None:
    # With transform 2 in the marker, the first three channels are Y, Cb and Cr, which encode inks: Adobe stores
    # 255 - ink, and the conversion to CMYK inverts that again.
    luma, blue, red = 180, 100, 150
    data = bytearray(cmyk_jpeg((255 - luma, 255 - blue, 255 - red, 0)))
    data[data.index(b"Adobe") + 11] = 2
    cyan = luma + 1.402 * (red - 128)
    magenta = luma - 0.344136 * (blue - 128) - 0.714136 * (red - 128)
    yellow = luma + 1.772 * (blue - 128)
    assert near(colors(bytes(data))[0], [255 - round(ink) for ink in (cyan, magenta, yellow)], bound=3)


# --- profiles

# The primaries of sRGB with red and green swapped: the red of such a profile is green.
PRIMARIES = {
    "rXYZ": xyz(0.3851, 0.7169, 0.0971),
    "gXYZ": xyz(0.4361, 0.2225, 0.0139),
    "bXYZ": xyz(0.1431, 0.0606, 0.7139),
}
SWAPPED = icc_profile("RGB ", PRIMARIES | dict.fromkeys(("rTRC", "gTRC", "bTRC"), gamma(2.2)))
LINEAR_GRAY = icc_profile("GRAY", {"kTRC": gamma(1.0)})
# All combinations of cyan, magenta, yellow and black ink, on or off, as L, a, b: black if any two inks are on.
CORNERS = [(0, 128, 128)] * 16
CORNERS[0b0000], CORNERS[0b1000], CORNERS[0b0001] = (255, 128, 128), (128, 128, 128), (0, 128, 128)
CORNERS[0b0100], CORNERS[0b0010] = (200, 128, 128), (230, 128, 128)
GRAY_INKS = icc_profile("CMYK", {"A2B0": color_table(4, CORNERS)}, "Lab ")


def test_numbers_stay_and_the_profile_goes() -> None:
    data = row_of("RGB", [(255, 0, 0), (0, 0, 255)], icc_profile=SWAPPED)
    assert colors(data) == [(255, 0, 0), (0, 0, 255)]
    assert notes(data) == (Note.ICC_PROFILE,)


def test_srgb_converts_by_the_profile() -> None:
    data = row_of("RGB", [(255, 0, 0), (0, 0, 255), (0, 255, 0)], icc_profile=SWAPPED)
    green, blue, red = colors(data, color="srgb")
    assert near(green, (0, 255, 0))
    assert near(blue, (0, 0, 255))
    assert near(red, (255, 0, 0))
    assert notes(data, color="srgb") == (Note.ICC_PROFILE,)
    assert near(colors(data, color="srgb", mode="L"), (150, 29, 76))


def test_converting_srgb_to_srgb_changes_next_to_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = jpeg(1, (300, 200), icc_profile=profile)
    plain, converted = (resized_png(data, color=color) for color in ("keep-numbers", "srgb"))
    assert psnr(plain, converted) > 50


def resized_png(data: bytes, **settings: Any) -> Image.Image:
    (output,) = resize_image(open_image(data), ResizeSpec(sizes=(100,), extension="png", **settings)).outputs.values()
    assert isinstance(output, Encoded)
    return Image.open(io.BytesIO(output.data))


def test_gray_is_converted_as_gray() -> None:
    data = row_of("L", [0, 128, 255], icc_profile=LINEAR_GRAY)
    # Half of the light is 188 in sRGB.
    for color, expected in zip(colors(data, color="srgb"), (0, 188, 255), strict=True):
        assert near(color, (expected,) * 3)
    transparent = row_of("LA", [(128, 255), (128, 0)], icc_profile=LINEAR_GRAY)
    assert near(colors(transparent, color="srgb")[0], (188,) * 3)
    assert notes(transparent, color="srgb") == (Note.ICC_PROFILE,)
    assert notes(transparent, color="srgb", background="#ff0000") == (Note.ICC_PROFILE, Note.ICC_UNUSABLE)


def test_16_bit_gray_is_converted_as_gray() -> None:
    image = Image.frombytes("I;16", (1, 1), struct.pack("<H", 128 * 257))
    assert near(colors(image_bytes(image, "TIFF", icc_profile=LINEAR_GRAY), color="srgb")[0], (188,) * 3)


@pytest.mark.parametrize("image_format", ["TIFF", "JPEG"])
def test_cmyk_is_converted_as_cmyk(image_format: str) -> None:
    def color(ink: tuple[int, int, int, int]) -> Any:
        image = Image.new("CMYK", (16, 16), ink)
        return colors(image_bytes(image, image_format, icc_profile=GRAY_INKS), color="srgb")[0]

    assert near(color((0, 0, 0, 0)), WHITE)
    # L = 128 / 255 * 100 is a luminance of 0.186, or 119 in sRGB.
    assert near(color((255, 0, 0, 0)), (119, 119, 119))
    assert near(color((0, 0, 0, 255)), (0, 0, 0))


@pytest.mark.parametrize("profile", [b"no profile at all", SWAPPED[:200], LINEAR_GRAY, GRAY_INKS])
def test_an_unusable_profile_falls_back_and_is_noted(profile: bytes) -> None:
    data = row_of("RGB", [(255, 0, 0), (1, 2, 3)], icc_profile=profile)
    assert colors(data, color="srgb") == [(255, 0, 0), (1, 2, 3)]
    assert notes(data, color="srgb") == (Note.ICC_PROFILE, Note.ICC_UNUSABLE)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif"])
def test_no_profile_reaches_an_output(extension: str, exact: bool) -> None:
    data = jpeg(1, (300, 200), icc_profile=SWAPPED)
    spec = ResizeSpec(sizes=(100,), extension=extension, color="srgb", exact=exact)
    (output,) = resize_image(open_image(data), spec).outputs.values()
    assert isinstance(output, Encoded)
    image = Image.open(io.BytesIO(output.data))
    assert (image.size, image.info.get("icc_profile")) == ((100, 66), None)


def test_the_conversion_comes_after_the_resize() -> None:
    # In linear light, 0 and 255 mix to 188 in sRGB. Mixed as sRGB values, they would be 128.
    checks = Image.frombytes("L", (2, 2), bytes([0, 255, 255, 0]))
    data = image_bytes(checks, "PNG", icc_profile=LINEAR_GRAY)
    spec = ResizeSpec(sizes=(1,), extension="png", color="srgb", algorithm="box")
    (output,) = resize_image(open_image(data), spec).outputs.values()
    assert isinstance(output, Encoded)
    assert near(Image.open(io.BytesIO(output.data)).getpixel((0, 0)), (188,) * 3)


def test_exact_keeps_no_profile_that_pillow_adds_to_lab() -> None:
    image = Image.merge("LAB", [Image.linear_gradient("L").resize((40, 30))] * 3)
    spec = ResizeSpec(sizes=(20,), extension="png", exact=True)
    (output,) = resize_image(open_image(image_bytes(image, "TIFF")), spec).outputs.values()
    assert isinstance(output, Encoded)
    assert "icc_profile" not in Image.open(io.BytesIO(output.data)).info
