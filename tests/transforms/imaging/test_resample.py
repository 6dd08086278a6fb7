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
    by_pillow, by_simd = (
        resample.resample(image, size, ResizeSpec(algorithm=algorithm, resampler=name), box)
        for name in ("pillow", "simd")
    )
    return by_pillow, by_simd


def test_the_resampler_pillow_is_pillows_own() -> None:
    box = (10.25, 20.5, 500.0, 400.75)
    resized = resample.resample(PHOTO, (100, 80), ResizeSpec(algorithm="bicubic"), box)
    assert resized.tobytes() == PHOTO.resize((100, 80), Image.Resampling.BICUBIC, box=box).tobytes()


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
    by_pillow, by_simd = both(PHOTO.convert(mode), size, algorithm, box)
    assert psnr(by_pillow, by_simd) > 50


def test_simd_really_runs() -> None:
    by_pillow, by_simd = both(PHOTO, (320, 240), "lanczos")
    assert by_pillow.tobytes() != by_simd.tobytes()


def test_nearest_takes_the_same_pixels() -> None:
    by_pillow, by_simd = both(PHOTO, (160, 120), "nearest")
    assert by_pillow.tobytes() == by_simd.tobytes()


@pytest.mark.parametrize("mode", ["CMYK", "P", "I;16", "1"])
def test_pillow_resizes_other_modes(mode: str) -> None:
    image = Image.new(mode, (64, 48), 1) if mode == "I;16" else PHOTO.resize((64, 48)).convert(mode)
    by_pillow, by_simd = both(image, (20, 15), "nearest")
    assert (by_pillow.mode, by_pillow.tobytes()) == (by_simd.mode, by_simd.tobytes())


@given(st.floats(1, 100), st.floats(0, 0.9), st.integers(0, 3))
@settings(deadline=None)
def test_a_box_stays_inside_in_its_last_digit(side: float, share: float, ulps: int) -> None:
    """A product may put a corner outside the image by a few units in the last place."""
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
    for by_pillow, by_simd in zip(*pictures, strict=True):
        assert psnr(by_pillow, by_simd) > 50


def test_the_same_bytes_on_every_thread() -> None:
    data = [jpeg(seed, (700, 500)) for seed in range(4)] * 6
    spec = ResizeSpec(sizes=(200, 64), resampler="simd")

    def outputs(source: bytes) -> list[bytes]:
        return [
            output.data
            for output in resize_image(open_image(source), spec).outputs.values()
            if isinstance(output, Encoded)
        ]

    alone = [outputs(source) for source in data]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outputs, data)) == alone
    assert [len(files) for files in alone] == [2] * 24


def test_simd_is_checked_on_a_test_image() -> None:
    check_simd()
    image = resample._test_image()
    assert resample._agreement(image) > 53
    assert resample._agreement(image.convert("L")) > 53


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_results_that_differ_from_pillows_are_refused(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    original = resample._simd_resize

    def off_by_one(image: Image.Image, *args: Any) -> Image.Image:
        resized = original(image, *args)
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
def test_a_missing_extra_is_named(
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
