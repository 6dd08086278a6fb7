import io
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support import jpeg
from tests.support.photos import photo
from transforms.imaging import extras, resample
from transforms.imaging.opening import open_image
from transforms.imaging.resample import check_simd, psnr
from transforms.imaging.resize import Encoded, resize_image
from transforms.imaging.spec import ResizeSpec, SettingError, library_versions

PHOTO = photo(5, (640, 480))


def both(image: Image.Image, size: tuple[int, int], algorithm: str, box: Any = None) -> tuple[Image.Image, Image.Image]:
    one, other = (
        resample.resample(image, size, ResizeSpec(algorithm=algorithm, resampler=name), box)
        for name in ("pillow", "simd")
    )
    return one, other


def test_pillows_is_pillows() -> None:
    box = (10.25, 20.5, 500.0, 400.75)
    mine = resample.resample(PHOTO, (100, 80), ResizeSpec(algorithm="bicubic"), box)
    assert mine.tobytes() == PHOTO.resize((100, 80), Image.Resampling.BICUBIC, box=box).tobytes()


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("algorithm", ["lanczos", "bicubic", "bilinear", "box"])
@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((320, 240), None),
        ((100, 100), (80.5, 0.25, 559.5, 479.75)),
        ((900, 700), None),
        ((3, 300), None),
        ((1, 1), None),
    ],
)
def test_simd_agrees_with_pillow(mode: str, algorithm: str, size: tuple[int, int], box: Any) -> None:
    one, other = both(PHOTO.convert(mode), size, algorithm, box)
    assert psnr(one, other) > 50


def test_simd_really_runs() -> None:
    one, other = both(PHOTO, (320, 240), "lanczos")
    assert one.tobytes() != other.tobytes()


def test_nearest_takes_the_same_pixels() -> None:
    one, other = both(PHOTO, (160, 120), "nearest")
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("mode", ["CMYK", "P", "I;16", "1"])
def test_other_modes_are_pillows(mode: str) -> None:
    image = Image.new(mode, (64, 48), 1) if mode == "I;16" else PHOTO.resize((64, 48)).convert(mode)
    one, other = both(image, (20, 15), "nearest")
    assert (one.mode, one.tobytes()) == (other.mode, other.tobytes())


@given(st.floats(1, 100), st.floats(0, 0.9), st.integers(0, 3))
@settings(deadline=None)
def test_a_box_stays_inside_in_its_last_digit(side: float, share: float, ulps: int) -> None:
    """A corner that is a few units of its last place outside of the image, as products come out."""
    limit = int(side) + 1
    first = limit * share
    last = limit * (1 + ulps * sys.float_info.epsilon)
    small = PHOTO.resize((limit, limit))
    spec = ResizeSpec(resampler="simd")
    assert resample.resample(small, (7, 7), spec, (first, first, last, last)).size == (7, 7)


@pytest.mark.parametrize("fit", ["contain", "cover", "crop", "pad", "stretch"])
def test_every_fit_of_a_reduced_photograph(fit: str) -> None:
    data = jpeg(2, (1999, 1203))
    pictures = []
    for name in ("pillow", "simd"):
        spec = ResizeSpec(sizes=(250, 100), fit=fit, resampler=name, extension="png")
        outputs = resize_image(open_image(data), spec).outputs.values()
        assert all(isinstance(output, Encoded) for output in outputs)
        pictures.append([Image.open(io.BytesIO(output.data)) for output in outputs if isinstance(output, Encoded)])
    for one, other in zip(*pictures, strict=True):
        assert psnr(one, other) > 50


def test_the_same_bytes_on_every_thread() -> None:
    data = [jpeg(seed, (700, 500)) for seed in range(4)] * 6
    spec = ResizeSpec(sizes=(200, 64), resampler="simd")

    def outputs(one: bytes) -> list[bytes]:
        return [
            output.data
            for output in resize_image(open_image(one), spec).outputs.values()
            if isinstance(output, Encoded)
        ]

    alone = [outputs(one) for one in data]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outputs, data)) == alone
    assert [len(one) for one in alone] == [2] * 24


def test_it_is_checked_at_the_start() -> None:
    check_simd()
    image = resample._test_image()
    assert resample._agreement(image) > 53
    assert resample._agreement(image.convert("L")) > 53


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_pictures_that_are_not_pillows_are_refused(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    true = resample._simd_resize

    def off_by_one(image: Image.Image, *args: Any) -> Image.Image:
        resized = true(image, *args)
        return resized.point(lambda level: min(255, level + 2)) if image.mode == mode else resized

    monkeypatch.setattr(resample, "_simd_resize", off_by_one)
    with pytest.raises(
        SettingError, match="simd does not fit this version of Pillow: on a test image they agree to 42"
    ):
        check_simd()


@pytest.mark.parametrize(
    ("module", "owner", "setting", "message"),
    [
        (
            "cykooz_resizer",
            resample,
            {"resampler": "simd"},
            "simd is not installed: give --resampler pillow",
        ),
        (
            "simplejpeg",
            None,
            {"check_jpeg": True},
            "needs an extra that is not installed: pip install",
        ),
    ],
)
def test_an_extra_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, module: str, owner: Any, setting: dict[str, Any], message: str
) -> None:
    from transforms.imaging import strict

    cached = (owner or strict)._module
    cached.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingError) as caught:
        extras.check_extras(ResizeSpec(**setting))
    assert caught.value.setting == next(iter(setting))
    assert str(caught.value).startswith(message)
    cached.cache_clear()
    extras.check_extras(ResizeSpec())


def test_the_extras_versions_are_in_the_fingerprint() -> None:
    versions = library_versions(ResizeSpec(resampler="simd", check_jpeg=True))
    assert versions["cykooz-resizer"] == version("cykooz-resizer")
    assert versions["simplejpeg"] == version("simplejpeg")
    assert not {"cykooz-resizer", "simplejpeg"} & set(library_versions(ResizeSpec()))
