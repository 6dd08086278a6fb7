"""CICP color spaces in PNG and AVIF, compared with formulas that are written out here."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms

from tests.support import image_bytes
from tests.transforms.imaging.files import gamma, icc_profile, png, png_rows
from transforms.imaging.cicp import Cicp, from_avif, from_png, profile
from transforms.imaging.color import finish
from transforms.imaging.decode import decode
from transforms.imaging.errors import Note
from transforms.imaging.icc import colorants
from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec

COLORS = [(0, 0, 0), (255, 255, 255), (200, 100, 50), (128, 128, 128), (30, 30, 30), (120, 160, 130)]
DISPLAY_P3, BT2020, SRGB, PQ, HLG = (12, 13), (9, 14), (1, 13), (9, 16), (9, 18)

# Linear RGB -> linear sRGB with the same white point: https://www.w3.org/TR/css-color-4/#color-conversion-code.
FROM_P3 = (
    (1.2249401762805598, -0.2249401762805598, 0.0),
    (-0.042056954709688, 1.042056954709688, 0.0),
    (-0.0196375545903344, -0.0786360455506319, 1.0982736001409663),
)
FROM_2020 = (
    (1.6604910021084345, -0.5876411387885495, -0.0728498632198849),
    (-0.1245504745215906, 1.1328998971259603, -0.0083494226043697),
    (-0.0181507633549053, -0.1005788980080075, 1.1187296613629127),
)
SAME = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def srgb_to_linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(value: float) -> float:
    value = min(1.0, max(0.0, value))
    return 12.92 * value if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)


def video_to_linear(value: float) -> float:
    return value / 4.5 if value < 0.0812428 else float(((value + 0.0992968) / 1.0992968) ** (1 / 0.45))


EXPECTED: dict[tuple[int, int], tuple[Any, Any]] = {
    DISPLAY_P3: (FROM_P3, srgb_to_linear),
    BT2020: (FROM_2020, video_to_linear),
    (9, 1): (FROM_2020, video_to_linear),
    (9, 13): (FROM_2020, srgb_to_linear),
    (1, 8): (SAME, float),
    (1, 4): (SAME, lambda value: value**2.2),
}


def expected(space: tuple[int, int], colors: list[tuple[int, int, int]]) -> list[tuple[int, ...]]:
    matrix, to_linear = EXPECTED[space]
    converted = []
    for color in colors:
        linear = [to_linear(value / 255) for value in color]
        rows = (sum(a * b for a, b in zip(row, linear, strict=True)) for row in matrix)
        converted.append(tuple(round(255 * linear_to_srgb(value)) for value in rows))
    return converted


def picture(*chunks: tuple[bytes, bytes]) -> bytes:
    return png((len(COLORS), 1), *chunks, png_rows(bytes(sum(COLORS, ()))))


def cicp(space: tuple[int, int], matrix: int = 0, full_range: int = 1) -> tuple[bytes, bytes]:
    return b"cICP", bytes([*space, matrix, full_range])


def icc(body: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"profile\0\0" + zlib.compress(body)


def pixels_and_notes(data: bytes, **settings: Any) -> tuple[list[Any], tuple[Note, ...]]:
    spec = ResizeSpec(**settings)
    opened = open_image(data)
    decoded = decode(opened, spec)
    image = finish(decoded.pixels, decoded, spec)
    return [image.getpixel((x, 0)) for x in range(image.width)], opened.header.notes + decoded.notes


def distance(left: list[Any], right: list[Any]) -> float:
    return max(float(abs(a - b)) for p, q in zip(left, right, strict=True) for a, b in zip(p, q, strict=True))


@pytest.mark.parametrize("space", EXPECTED)
def test_a_png_with_known_numbers_is_converted_on_request(space: tuple[int, int]) -> None:
    data = picture(cicp(space))
    assert pixels_and_notes(data) == (COLORS, (Note.CICP,))
    pixels, notes = pixels_and_notes(data, color="srgb")
    assert notes == (Note.CICP,)
    assert distance(pixels, expected(space, COLORS)) <= 1
    assert distance(pixels, COLORS) > 5


@pytest.mark.parametrize("curve", [1, 6, 13, 14, 15])
def test_srgb_needs_neither_note_nor_conversion(curve: int) -> None:
    assert pixels_and_notes(picture(cicp((1, curve)))) == (COLORS, ())
    assert pixels_and_notes(picture(cicp((1, curve))), color="srgb") == (COLORS, ())


@pytest.mark.parametrize("chunk", [cicp(PQ), cicp(HLG), cicp((200, 13)), cicp(DISPLAY_P3, 9), cicp(DISPLAY_P3, 0, 0)])
def test_unknown_numbers_leave_the_pixels_and_are_noted(chunk: tuple[bytes, bytes]) -> None:
    assert pixels_and_notes(picture(chunk)) == (COLORS, (Note.CICP,))
    assert pixels_and_notes(picture(chunk), color="srgb") == (COLORS, (Note.CICP, Note.CICP_UNUSABLE))


NOTHING = [cicp((2, 2)), cicp((12, 2)), cicp((2, 13)), (b"cICP", b"\x0c\x0d\0"), (b"cICP", b"")]


@pytest.mark.parametrize("chunk", NOTHING)
def test_numbers_that_specify_nothing_are_ignored(chunk: tuple[bytes, bytes]) -> None:
    assert pixels_and_notes(picture(chunk), color="srgb") == (COLORS, ())


DARK = icc_profile("RGB ", {
    "rXYZ": b"XYZ \0\0\0\0" + struct.pack(">3i", 28_578, 14_581, 912),
    "gXYZ": b"XYZ \0\0\0\0" + struct.pack(">3i", 25_240, 46_984, 6_362),
    "bXYZ": b"XYZ \0\0\0\0" + struct.pack(">3i", 9_376, 3_972, 46_788),
    "rTRC": gamma(3), "gTRC": gamma(3), "bTRC": gamma(3),
})  # fmt: skip


def test_the_numbers_come_before_a_profile() -> None:
    by_profile, _ = pixels_and_notes(picture(icc(DARK)), color="srgb")
    assert distance(by_profile, COLORS) > 10
    both = (Note.ICC_PROFILE, Note.CICP)
    pixels, notes = pixels_and_notes(picture(cicp(DISPLAY_P3), icc(DARK)), color="srgb")
    assert (distance(pixels, expected(DISPLAY_P3, COLORS)) <= 1, notes) == (True, both)
    assert pixels_and_notes(picture(cicp(SRGB), icc(DARK)), color="srgb") == (COLORS, (Note.ICC_PROFILE,))
    assert pixels_and_notes(picture(cicp(PQ), icc(DARK)), color="srgb") == (by_profile, (Note.ICC_PROFILE,))
    assert pixels_and_notes(picture(cicp((2, 2)), icc(DARK)), color="srgb") == (by_profile, (Note.ICC_PROFILE,))


def test_gray_is_converted_as_gray() -> None:
    levels = [0, 30, 128, 255]
    data = png((4, 1), cicp((9, 8)), png_rows(bytes(levels)), color_type=0)
    pixels, notes = pixels_and_notes(data, color="srgb")
    assert notes == (Note.CICP,)
    assert distance(pixels, [(round(255 * linear_to_srgb(level / 255)),) * 3 for level in levels]) <= 1
    assert pixels_and_notes(data, color="srgb", mode="L")[0] == [pixel[0] for pixel in pixels]


def test_transparent_gray_on_a_color_is_converted_as_rgb() -> None:
    data = png((2, 1), cicp((1, 8)), png_rows(bytes([55, 255, 0, 0])), color_type=4)
    pixels, notes = pixels_and_notes(data, color="srgb", background="#ff0000")
    assert (pixels, notes) == ([(128, 128, 128), (255, 0, 0)], (Note.CICP,))


def test_masks_are_left_alone() -> None:
    palette = b"PLTE", bytes([10, 20, 30, 40, 50, 60])
    data = png((2, 1), cicp(DISPLAY_P3), palette, png_rows(b"\1\0"), color_type=3)
    assert pixels_and_notes(data, color="srgb", mode="keep", algorithm="nearest")[0] == [1, 0]


def test_no_numbers_reach_an_output() -> None:
    for exact in (False, True):
        for color in ("srgb", "keep-numbers"):
            spec = ResizeSpec(sizes=(6,), extension="png", color=color, exact=exact)
            (output,) = process_image(picture(cicp(DISPLAY_P3)), spec).outputs.values()
            assert isinstance(output, Encoded)
            assert [chunk for chunk in (b"cICP", b"iCCP") if chunk in output.data] == []


# --- AVIF


def avif(space: tuple[int, int], **parameters: Any) -> bytes:
    """Return a gray, nearly lossless AVIF with the color space `space` in place of the one that Pillow wrote."""
    data = image_bytes(Image.new("RGB", (16, 16), (60, 60, 60)), "AVIF", quality=100, subsampling="4:4:4", **parameters)
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", *space) + data[at + 4 :]


def test_an_avif_has_the_numbers_in_a_box() -> None:
    assert from_avif(avif(DISPLAY_P3)) == Cicp(12, 13)
    assert from_avif(avif((2, 2))) is None
    assert pixels_and_notes(avif(SRGB), color="srgb")[1] == ()
    assert pixels_and_notes(avif(PQ), color="srgb")[1] == (Note.CICP, Note.CICP_UNUSABLE)
    stored, notes = pixels_and_notes(avif((9, 8)))
    assert notes == (Note.CICP,)
    pixels, notes = pixels_and_notes(avif((9, 8)), color="srgb")
    assert notes == (Note.CICP,)
    assert distance(pixels, [(round(255 * linear_to_srgb(stored[0][0] / 255)),) * 3] * 16) <= 1


def test_an_avifs_profile_comes_before_its_numbers() -> None:
    data = avif(DISPLAY_P3, icc_profile=DARK)
    assert from_avif(data) == Cicp(12, 13)
    assert pixels_and_notes(data)[1] == (Note.ICC_PROFILE,)
    assert pixels_and_notes(data, color="srgb")[1] == (Note.ICC_PROFILE,)


def box(name: bytes, body: bytes, *, wide: bool = False) -> bytes:
    if wide:
        return struct.pack(">I4sQ", 1, name, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), name) + body


def test_boxes_of_every_length_and_broken_ones() -> None:
    color = box(b"colr", b"nclx" + struct.pack(">HHHB", 12, 13, 0, 128))
    for wide in (False, True):
        properties = box(b"ipco", box(b"ispe", bytes(12)) + box(b"colr", b"prof") + color, wide=wide)
        meta = box(b"meta", bytes(4) + box(b"iprp", properties))
        assert from_avif(box(b"ftyp", b"avif") + meta) == Cicp(12, 13)
    to_the_end = struct.pack(">I4s", 0, b"meta") + meta[8:]
    assert from_avif(to_the_end) == Cicp(12, 13)
    assert from_avif(struct.pack(">I4s", 3, b"ftyp") + meta) is None
    assert from_avif(box(b"ftyp", b"avif") + meta[:-30]) is None
    assert from_avif(b"") is None


# --- Numbers and profiles


def test_the_values_of_a_chunk() -> None:
    assert from_png(b"\x0c\x0d\0\1") == Cicp(12, 13, rgb=True)
    assert from_png(b"\x0c\x0d\0\0") == Cicp(12, 13, rgb=False)
    assert from_png(b"\1\x0d\1\1") == Cicp(1, 13, rgb=False)
    assert not Cicp(1, 13, rgb=False).is_srgb
    assert from_png(None) is None


# http://www.brucelindbloom.com/Eqn_RGB_XYZ_Matrix.html, sRGB under D50, times 10,000
PUBLISHED = [(4360.747, 3850.649, 1430.804), (2225.045, 7168.786, 606.169), (139.322, 971.045, 7141.733)]


def test_the_matrix_of_srgb_is_the_published_one() -> None:
    matrix = colorants(((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290)))
    assert distance([[10_000 * value for value in row] for row in matrix], PUBLISHED) < 4


def test_other_programs_can_read_the_profile() -> None:
    read = ImageCms.ImageCmsProfile(io.BytesIO(profile(Cicp(12, 13), gray=False))).profile
    assert (read.xcolor_space, read.connection_space, read.version) == ("RGB ", "XYZ ", 4.4)
    assert read.profile_description == "pixels"
    assert ImageCms.ImageCmsProfile(io.BytesIO(profile(Cicp(12, 13), gray=True))).profile.xcolor_space == "GRAY"
    with pytest.raises(ValueError, match="no color profile for primaries 9 with transfer 16"):
        profile(Cicp(*PQ), gray=False)
