"""The pictures of the page, and the text that replaces a picture that cannot be created."""

from __future__ import annotations

import base64
import io
import os
import signal
import time
from typing import Any

import pytest
from PIL import Image, ImageChops

from pipeline.report import drawing as drawing_module
from pipeline.report.cases import picture_of
from pipeline.report.decoder import CROPS, Mark, Picture, output_crop, source_crop, thumbnail
from pipeline.report.drawing import Drawing
from pipeline.report.sources import location_of, root_of
from tests.support import image_bytes, jpeg
from transforms.imaging.geometry import Target
from transforms.imaging.orientation import TRANSPOSITIONS
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec


def pixels(picture: Picture) -> Image.Image:
    assert picture.missing == ""
    image = Image.open(io.BytesIO(base64.b64decode(picture.uri.removeprefix("data:image/jpeg;base64,"))))
    assert image.size == (picture.width, picture.height)
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures of the same size, on a scale of 255."""
    assert one.size == other.size
    pairs = zip(one.convert("RGB").tobytes(), other.convert("RGB").tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (3 * one.width * one.height)


def made(data: bytes, spec: ResizeSpec) -> tuple[bytes, dict[str, Any], tuple[int, int]]:
    """Return an output, its row, and the dimensions of its picture before it was rotated to its orientation."""
    result = process_image(data, spec)
    (output,) = result.outputs.values()
    assert isinstance(output, Encoded)
    assert result.header
    target: Target = output.target
    row = {
        "source_width": result.header.width,
        "source_height": result.header.height,
        "source_box": list(target.source_box),
        "output_box": list(target.output_box),
        "orientation": target.orientation,
    }
    return output.data, row, picture_of(row)


def turned_photo(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(4, (900, 620), exif=exif)


@pytest.mark.parametrize(
    ("data", "spec"),
    [
        (jpeg(1, (1000, 640)), ResizeSpec(sizes=(512,), extension="jpg")),
        (jpeg(2, (700, 1000)), ResizeSpec(sizes=(96,), extension="png")),
        (jpeg(3, (1000, 640)), ResizeSpec(sizes=(256,), extension="png", fit="crop")),
        (jpeg(3, (1000, 640)), ResizeSpec(sizes=(400,), extension="png", fit="pad", pad_color="#ff0000")),
        (jpeg(3, (120, 90)), ResizeSpec(sizes=(400,), extension="png", fit="stretch")),
        *((turned_photo(turn), ResizeSpec(sizes=(256,), extension="png", orientation="exif")) for turn in range(1, 9)),
        (turned_photo(6), ResizeSpec(sizes=(256,), extension="png")),
    ],
)
@pytest.mark.parametrize("is_scaled", [False, True])
def test_source_and_output_show_the_same_part_pixel_for_pixel(data: bytes, spec: ResizeSpec, is_scaled: bool) -> None:
    output, row, size = made(data, spec)
    right = output_crop(output, row["output_box"])
    left = source_crop(data, row, size, TRANSPOSITIONS.get(row["orientation"]), right[1:3], "#ffffff", is_scaled)
    x0, y0, x1, y1 = row["output_box"]
    side = max(right.width, right.height)
    assert side in (*CROPS, max(x1 - x0, y1 - y0))
    assert (right.width, right.height) == (min(side, x1 - x0), min(side, y1 - y0))
    assert difference(pixels(left), pixels(right)) < 3
    picture = Image.open(io.BytesIO(output)).convert("RGB").crop((x0, y0, x1, y1))
    corner = (picture.width - right.width) // 2, (picture.height - right.height) // 2
    center = picture.crop((*corner, corner[0] + right.width, corner[1] + right.height))
    assert difference(pixels(right), center) < 4
    assert difference(pixels(right).transpose(Image.Transpose.ROTATE_180), center) > 10


def test_less_is_shown_of_an_output_with_much_detail() -> None:
    noise = image_bytes(Image.effect_noise((500, 500), 90).convert("RGB"), "PNG")
    crop = output_crop(noise, [0, 0, 500, 500])
    assert crop.width == crop.height < 320
    assert len(crop.uri) <= 70_000
    assert output_crop(image_bytes(Image.new("RGB", (500, 300)), "PNG"), [0, 0, 500, 300])[1:3] == (320, 300)


def test_a_transparent_source_lies_on_the_background_of_the_dataset() -> None:
    data = image_bytes(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG")
    _, row, size = made(data, ResizeSpec(sizes=(32,), extension="png", background="#00ff00"))
    assert pixels(source_crop(data, row, size, None, (32, 32), "#00ff00")).getpixel((9, 9)) == pytest.approx(
        (0, 255, 0), abs=3
    )


def test_a_thumbnail_is_small_and_never_enlarged() -> None:
    shown = thumbnail(jpeg(1, (900, 600)), 224, is_output=True)
    assert pixels(shown).size == (224, 149)
    assert pixels(thumbnail(jpeg(1, (90, 60)), 224, is_output=True)).size == (90, 60)


def test_the_deviation_is_that_of_the_picture_without_its_bars() -> None:
    blank = Image.new("RGB", (400, 400), "white")
    blank.paste((10, 200, 10), (0, 100, 400, 300))
    data = image_bytes(blank, "PNG")
    assert thumbnail(data, 144, is_output=True).deviation > 50
    assert thumbnail(data, 144, is_output=True, box=[0, 104, 400, 296]).deviation < 2
    assert thumbnail(jpeg(1, (300, 200)), 144, is_output=True).deviation > 20


def test_the_rest_of_a_damaged_file_is_seen() -> None:
    whole = jpeg(1, (600, 400))
    with Drawing() as drawing:
        shown = drawing.make("thumbnail", whole[: len(whole) // 2], side=144, is_output=False)
        nothing = drawing.make("thumbnail", b"no image", side=144, is_output=False)
        after = drawing.make("thumbnail", whole, side=144, is_output=False)
    assert difference(pixels(shown).crop((0, 0, 144, 30)), pixels(after).crop((0, 0, 144, 30))) < 4
    assert (nothing.uri, nothing.missing[:19]) == ("", "Cannot be shown: ca")


def test_a_source_that_kills_the_decoder_costs_the_pictures_after_it_and_nothing_else() -> None:
    with Drawing() as drawing:
        first = drawing.make("thumbnail", jpeg(1, (60, 40)), side=144, is_output=True)
        os.kill(drawing.pid, signal.SIGSEGV)
        others = [drawing.make("thumbnail", jpeg(1, (60, 40)), side=144, is_output=True) for _ in range(2)]
    assert pixels(first).size == (60, 40)
    assert [other.missing for other in others] == ["The process that makes the pictures ended (SIGSEGV)"] * 2


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_ctrl_c_does_not_reach_the_decoder_even_while_it_starts(
    seconds: float, capfd: pytest.CaptureFixture[str]
) -> None:
    with Drawing() as drawing:
        time.sleep(seconds)
        os.kill(drawing.pid, signal.SIGINT)
        shown = drawing.make("thumbnail", jpeg(1, (60, 40)), side=144, is_output=True)
    assert pixels(shown).size == (60, 40)
    assert capfd.readouterr().err == ""
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_pictures_keep_within_the_bytes_and_the_time_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = jpeg(1, (600, 400))
    size = len(thumbnail(photo, 144, is_output=True).uri)
    monkeypatch.setattr(drawing_module, "_BYTES", 3 * size)
    with Drawing() as drawing:
        made = [drawing.make("thumbnail", photo, uses, side=144, is_output=True).missing for uses in (2, 2, 1, 1)]
    assert made == ["", "Left out to keep the page small", "", "Left out to keep the page small"]
    monkeypatch.setattr(drawing_module, "_SECONDS", 0.0)
    with Drawing() as drawing:
        late = drawing.make("thumbnail", photo, side=144, is_output=True)
    assert late.missing == "Left out: making the pictures of this page may take at most 0 s"


@pytest.mark.parametrize(
    ("pattern", "root"),
    [
        ("/data/train/**", "/data/train"),
        ("/da[[]ta[*]/t/**", "/da[ta*/t"),
        ("/data/*/x/*.jpg", "/data"),
        ("/data/a*/**", "/data"),
        ("gs://bucket/train/**", "gs://bucket/train"),
    ],
)
def test_the_folder_that_sources_are_relative_to(pattern: str, root: str) -> None:
    assert root_of(pattern) == root
    assert location_of("a/b.jpg", {"train": pattern}) == f"{root}/a/b.jpg"
    assert location_of("val/b.jpg", {"train": "/x/**", "val": pattern}) == f"{root}/b.jpg"
    assert location_of("other/b.jpg", {"train": "/x/**", "val": pattern}) is None


def changed(picture: Image.Image, before: Image.Image) -> Image.Image:
    """Return a picture that is 255 where two pictures differ by more than JPEG changes, and 0 elsewhere."""
    lookup = [0] * 41 + [255] * 215
    return ImageChops.difference(picture, before).convert("L").point(lookup)


def test_boxes_are_drawn_at_the_same_place_on_the_output_and_its_source() -> None:
    source = image_bytes(Image.new("RGB", (400, 200), "#808080"), "PNG")
    output = image_bytes(Image.new("RGB", (200, 200), "#808080"), "PNG")
    box = [0, 50, 200, 150]  # the rest is padding
    row = {"source_width": 400, "source_height": 200, "source_box": [0, 0, 400, 200], "output_box": box}
    marks = [Mark(0, 20, 60, 40, 30), Mark(1, 100, 70, 50, 60)]
    marked = output_crop(output, box, marks)
    assert changed(pixels(marked), pixels(output_crop(output, box))).getbbox() == (19, 9, 151, 81)
    beside = source_crop(source, row, (200, 100), None, marked[1:3], "#ffffff", marks=marks)
    assert changed(pixels(marked), pixels(beside)).getbbox() is None
    small = pixels(thumbnail(output, 100, is_output=True, marks=marks))
    assert changed(small, Image.new("RGB", (100, 100), "#808080")).getbbox() == (9, 29, 76, 66)
