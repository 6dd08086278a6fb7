from typing import Any

import pytest
from PIL import Image, features

from transforms.imaging.spec import ResizeSpec, SettingError, library_versions


@pytest.mark.parametrize(
    ("settings", "setting", "message"),
    [
        ({"sizes": 512}, "size", "512 is not a tuple of sizes: use one such as (512, 256)"),
        ({"sizes": None}, "size", "None is not a tuple of sizes: use one such as (512, 256)"),
        ({"sizes": {512, 256}}, "size", "{512, 256} is not a tuple of sizes: use one such as (512, 256)"),
        ({"sizes": (512, 5.0)}, "size", "5.0 is not a whole number: use one"),
        ({"sizes": ("512",)}, "size", "'512' is not a whole number: use one"),
        ({"sizes": (True,)}, "size", "True is not a whole number: use one"),
        ({"quality": 85.0}, "quality", "85.0 is not a whole number: use one"),
        ({"quality": "85"}, "quality", "'85' is not a whole number: use one"),
        ({"max_pixels": None}, "max_pixels", "None is not a whole number: use one"),
        ({"max_pixels": 1.5}, "max_pixels", "1.5 is not a whole number: use one"),
        ({"min_side": "1"}, "min_side", "'1' is not a whole number: use one"),
        ({"max_aspect": "2"}, "max_aspect", "'2' is not a number: use one"),
        ({"reducing_gap": True}, "reducing_gap", "True is not a number: use one"),
        ({"extension": None}, "extension", "None is not a string: use one"),
        ({"extension": ["jpg"]}, "extension", "['jpg'] is not a string: use one"),
        ({"subsampling": 420}, "subsampling", "420 is not a string: use one"),
        ({"pad_color": (255, 0, 0), "fit": "pad"}, "pad_color", "(255, 0, 0) is not a string: use one"),
        ({"exact": "no"}, "exact", "'no' is not True or False: use one"),
        ({"progressive": 1}, "progressive", "1 is not True or False: use one"),
        ({"keep_small": None}, "keep_small", "None is not True or False: use one"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(settings: dict[str, Any], setting: str, message: str) -> None:
    with pytest.raises(SettingError) as refused:
        ResizeSpec(**settings)
    assert (refused.value.setting, str(refused.value)) == (setting, message)


def test_a_list_of_sizes_becomes_a_tuple() -> None:
    sizes: Any = [256, 512]
    assert ResizeSpec(sizes=sizes).sizes == (256, 512)


@pytest.mark.parametrize(
    ("settings", "setting", "message"),
    [
        ({"sizes": (0,)}, "size", "0 is out of range: images can have 1 to 65500 pixels per side"),
        ({"sizes": (20_000,), "extension": "webp"}, "size", "20000 is out of range: webp images can have 1 to 16383"),
        ({"sizes": (256, 256)}, "size", "'256 256' is not a list of different sizes: list each size once"),
        ({"sizes": ()}, "size", "() has no size: list one or more"),
        ({"orientation": "up"}, "orientation", "'up' is not one of auto, stored, exif: choose one"),
        ({"fit": "fill"}, "fit", "'fill' is not one of contain, cover, crop, pad, stretch: choose one"),
        ({"fit": "stretch", "only_shrink": True}, "fit", "stretch always makes SIZE x SIZE pixels"),
        ({"fit": "stretch", "keep_small": True}, "fit", "stretch always makes SIZE x SIZE pixels: leave out --keep_"),
        ({"pad_color": "#000000"}, "pad_color", "#000000 has no effect with --fit contain: use --fit pad"),
        ({"pad_color": "white", "fit": "pad"}, "pad_color", "'white' is not a color: use one such as #ffffff"),
        ({"extension": "gif"}, "extension", "'gif' cannot be written: use one of jpg, png, webp, avif, or ''"),
        ({"algorithm": "sinc"}, "algorithm", "'sinc' is not one of lanczos, nearest, bilinear"),
        ({"reducing_gap": 0.9}, "reducing_gap", "0.9 is out of range: use a number from 1 to 100"),
        ({"quality": 0}, "quality", "0 is out of range: use a whole number from 1 to 100"),
        ({"quality": 90, "extension": "png"}, "quality", "90 has no effect on png"),
        ({"subsampling": "4:1:1"}, "subsampling", "'4:1:1' is not one of 4:4:4, 4:2:2, 4:2:0: choose one"),
        (
            {"subsampling": "4:2:0", "extension": "png"},
            "subsampling",
            "4:2:0 has no effect on png, only on jpg or avif",
        ),
        ({"progressive": True, "extension": "webp"}, "progressive", "has no effect on webp, only on jpg: leave it out"),
        ({"lossless": True, "quality": 9}, "lossless", "images do not have a quality setting: leave out --quality 9"),
        ({"mode": "RGBA"}, "mode", "'RGBA' is not one of RGB, L, keep: choose one"),
        ({"mode": "keep"}, "mode", "keep does not interpolate: leave out -a lanczos, or use -a nearest"),
        ({"mode": "keep", "algorithm": "nearest", "extension": "webp"}, "mode", "keep cannot be written as webp"),
        ({"background": "white"}, "background", "'white' is not a color: use one such as #ffffff"),
        ({"color": "p3"}, "color", "'p3' is not one of keep-numbers, srgb: choose one"),
        ({"depth_range": "own"}, "depth_range", "'own' is not one of full, auto: choose one"),
        ({"truncated": "yes"}, "truncated", "'yes' is not one of fail, accept: choose one"),
        ({"max_pixels": 0}, "max_pixels", "0 is out of range: use a whole number of 1 or more"),
    ],
)
def test_refusals_name_the_value_and_what_is_allowed(settings: dict[str, Any], setting: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        ResizeSpec(**settings)
    assert caught.value.setting == setting
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("settings", "reduces", "chains"),
    [
        ({}, True, True),
        ({"algorithm": "bicubic"}, True, True),
        ({"algorithm": "bilinear"}, True, False),
        ({"algorithm": "hamming"}, True, False),
        ({"algorithm": "nearest"}, False, False),
        ({"algorithm": "box"}, False, False),
        ({"exact": True}, False, False),
    ],
)
def test_only_smooth_filters_allow_reduced_decoding_and_resizing_in_steps(
    settings: dict[str, Any], reduces: bool, chains: bool
) -> None:
    spec = ResizeSpec(**settings)
    assert (spec.reduces, spec.chains) == (reduces, chains)


def test_pictures_are_upright_unless_the_bytes_must_be_those_of_the_old_script() -> None:
    assert [ResizeSpec(exact=exact).orientation for exact in (False, True)] == ["exif", "stored"]
    assert ResizeSpec(orientation="auto") == ResizeSpec(orientation="exif") == ResizeSpec()
    assert ResizeSpec(orientation="exif", exact=True).orientation == "exif"


def test_jpeg_is_another_spelling_of_jpg() -> None:
    assert ResizeSpec(extension="jpeg") == ResizeSpec(extension="jpg")
    assert ResizeSpec(extension="jpeg", quality=90, sizes=(65_500,)).extension == "jpg"


def test_filter_is_pillows() -> None:
    assert ResizeSpec(algorithm="hamming").filter is Image.Resampling.HAMMING


def test_versions_are_those_that_decide_bytes() -> None:
    versions = library_versions(ResizeSpec())
    assert versions["pillow"] == features.version("pil")
    assert versions["libjpeg"] == features.version("libjpeg_turbo")
    assert sorted(versions) == [
        *("libavif", "libjpeg", "libwebp", "littlecms", "pillow", "pillow-heif", "pillow-jxl-plugin", "resizer"),
        "zlib",
    ]
    assert all(versions.values())
