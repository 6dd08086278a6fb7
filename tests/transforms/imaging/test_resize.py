import contextlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from tests.support import image_bytes, jpeg, picture_of, plain_resize, sha256
from tests.support.comparison import psnr
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.geometry import Box
from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, ImageResult, process_image, resize_image
from transforms.imaging.spec import ResizeSpec


def resized(data: bytes, **spec: Any) -> ImageResult:
    return resize_image(open_image(data), ResizeSpec(**spec))


def single_output(result: ImageResult) -> Encoded:
    (output,) = result.outputs.values()
    assert isinstance(output, Encoded)
    return output


@pytest.mark.parametrize("size", [(700, 500), (500, 700), (333, 333), (40, 30), (900, 7)])
@pytest.mark.parametrize(("extension", "image_format"), [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")])
def test_exact_is_what_plain_pillow_writes(size: tuple[int, int], extension: str, image_format: str) -> None:
    data = jpeg(3, size)
    expected, target = plain_resize(data, 200, image_format)
    output = single_output(resized(data, sizes=(200,), extension=extension, exact=True))
    assert output.data == expected
    assert output.target[:3] == (200, *target)
    assert output.sha256 == sha256(expected)


def test_by_default_a_jpeg_is_decoded_at_a_reduced_scale() -> None:
    data = jpeg(5, (1600, 1001))
    expected, _ = plain_resize(data, 200, gap=1.5)
    output = single_output(resized(data, sizes=(200,), extension="jpg"))
    assert output.data == expected
    exact = single_output(resized(data, sizes=(200,), extension="png", exact=True))
    close = single_output(resized(data, sizes=(200,), extension="png"))
    assert psnr(picture_of(exact.data), picture_of(close.data)) > 45


def test_where_no_reduced_scale_is_possible_the_bytes_are_the_exact_ones() -> None:
    data = jpeg(6, (1024, 683))
    assert resized(data, extension="jpg") == resized(data, extension="jpg", exact=True)


@pytest.mark.parametrize("algorithm", ["lanczos", "bicubic"])
def test_a_smaller_size_is_made_from_the_larger(algorithm: str) -> None:
    data = image_bytes(Image.effect_mandelbrot((400, 400), (-2, -1.5, 1, 1.5), 80), "PNG")
    large, small = resized(data, sizes=(200, 100), extension="png", algorithm=algorithm).outputs.values()
    assert isinstance(large, Encoded)
    assert isinstance(small, Encoded)
    filter_ = ResizeSpec(algorithm=algorithm).filter
    assert picture_of(small.data).tobytes() == picture_of(large.data).resize((100, 100), filter_).tobytes()


@pytest.mark.parametrize(
    "spec", [{"algorithm": "nearest"}, {"algorithm": "hamming"}, {"exact": True}, {"sizes": (200, 101)}]
)
def test_with_other_settings_each_size_is_made_from_the_source(spec: dict[str, Any]) -> None:
    source = Image.effect_mandelbrot((400, 400), (-2, -1.5, 1, 1.5), 80).convert("RGB")
    spec = {"sizes": (200, 100), "extension": "png", **spec}
    _, small = resized(image_bytes(source, "PNG"), **spec).outputs.values()
    assert isinstance(small, Encoded)
    filter_ = ResizeSpec(**spec).filter
    assert picture_of(small.data).tobytes() == source.resize((spec["sizes"][1],) * 2, filter_).tobytes()


def test_the_larger_of_two_sizes_is_as_if_it_were_alone() -> None:
    data = jpeg(7, (900, 600))
    assert resized(data, sizes=(300, 150)).outputs[300] == single_output(resized(data, sizes=(300,)))


def test_a_thin_image_keeps_a_pixel() -> None:
    output = single_output(resized(jpeg(1, (3000, 4)), extension="jpg"))
    assert Image.open(io.BytesIO(output.data)).size == (512, 1)


def test_only_shrink_encodes_again_at_its_own_size() -> None:
    data = image_bytes(Image.new("RGB", (30, 20), (1, 2, 3)), "PNG")
    output = single_output(resized(data, only_shrink=True, extension="jpg"))
    image = Image.open(io.BytesIO(output.data))
    assert (image.format, image.size) == ("JPEG", (30, 20))


def test_quality_is_passed_on() -> None:
    data = jpeg(2, (300, 200))
    expected = image_bytes(picture_of(data).resize((100, 66), Image.Resampling.LANCZOS), "JPEG", quality=30)
    assert single_output(resized(data, sizes=(100,), extension="jpg", quality=30, exact=True)).data == expected


@pytest.mark.parametrize(
    ("image_format", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("MPO", "jpg")]
)
def test_without_an_extension_the_content_decides(image_format: str, extension: str) -> None:
    result = resized(image_bytes(Image.new("RGB", (8, 8)), image_format), sizes=(4,))
    assert result.extension == extension
    assert Image.open(io.BytesIO(single_output(result).data)).format == image_format.replace("MPO", "JPEG")


def test_a_format_that_is_not_written_says_what_to_do() -> None:
    with pytest.raises(ImageError, match=r"GIF can be read but not written: use -ext jpg") as caught:
        resized(image_bytes(Image.new("L", (8, 8)), "GIF"))
    assert (caught.value.kind, caught.value.stage) == (Kind.UNSUPPORTED_FORMAT, Stage.ENCODE)


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_reaches_an_output(source: str, extension: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET"
    extra = {"comment": b"SECRET"} if source == "JPEG" else {}
    data = image_bytes(Image.new("RGB", (9, 9)), source, exif=exif, icc_profile=b"SECRET", xmp=b"SECRET", **extra)
    assert b"SECRET" in data
    output = single_output(resized(data, sizes=(8,), extension=extension)).data
    info = Image.open(io.BytesIO(output)).info
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(info)
    assert b"SECRET" not in output


def test_exact_keeps_what_the_old_script_left() -> None:
    data = jpeg(1, (60, 40), comment=b"by hand")
    output = single_output(resized(data, sizes=(30,), extension="jpg", exact=True)).data
    assert Image.open(io.BytesIO(output)).info["comment"] == b"by hand"


def test_one_size_too_large_for_its_format_leaves_the_others() -> None:
    opened = open_image(image_bytes(Image.new("RGB", (20, 2)), "WEBP"))
    too_large, fits = resize_image(opened, ResizeSpec(sizes=(16_384, 100))).outputs.values()
    assert isinstance(too_large, ImageError)
    assert (too_large.kind, too_large.stage) == (Kind.OUTPUT_TOO_LARGE, Stage.RESIZE)
    assert str(too_large) == "16384 x 1638 pixels: a webp image can have at most 16383 pixels per side"
    assert isinstance(fits, Encoded)


def test_decoding_waits_for_its_admission() -> None:
    admitted = []

    @contextlib.contextmanager
    def admit(needed: int) -> Iterator[None]:
        admitted.append(needed)
        yield

    resize_image(open_image(jpeg(1, (2000, 1000))), ResizeSpec(sizes=(100,)), admit)
    assert admitted == [250 * 125 * 4 + 100 * 125 * 4 + 100 * 50 * 4]


@pytest.mark.parametrize(
    ("data", "needed"),
    [
        (jpeg(1, (10, 1000)), 10 * 1000 * 4),
        (image_bytes(Image.new("RGB", (10, 1000)), "WEBP"), 10 * 1000 * (4 + 13)),
    ],
    ids=["jpeg", "webp"],
)
@pytest.mark.parametrize(("sizes", "output"), [((9000,), 0), ((9000, 5), 5 * 1000 * 4 + 5 * 500 * 4)])
def test_an_output_that_is_too_large_takes_no_memory(
    data: bytes, needed: int, sizes: tuple[int, ...], output: int
) -> None:
    admitted = []

    @contextlib.contextmanager
    def admit(needed: int) -> Iterator[None]:
        admitted.append(needed)
        yield

    result = process_image(data, ResizeSpec(sizes=sizes, fit="cover", extension="jpg"), admit)
    assert admitted == [needed + output]
    too_large = result.outputs[9000]
    assert isinstance(too_large, ImageError)
    assert (too_large.kind, too_large.message) == (
        Kind.OUTPUT_TOO_LARGE,
        "9000 x 900000 pixels: a jpg image can have at most 65500 pixels per side",
    )
    assert [isinstance(result.outputs[size], Encoded) for size in sizes[1:]] == [True] * len(sizes[1:])


@pytest.mark.parametrize("name", ["draft", "has_transparency_data"])
def test_what_pillow_raises_before_it_decodes_is_an_image_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def broken(*_args: object) -> None:
        raise AssertionError("of Pillow")

    monkeypatch.setattr(JpegImageFile, name, broken if name == "draft" else property(broken))
    result = process_image(jpeg(1, (40, 30)), ResizeSpec(sizes=(16, 8)))
    assert result.header is not None
    assert set(result.outputs) == {16, 8}
    for error in result.outputs.values():
        assert isinstance(error, ImageError)
        assert (error.kind, error.stage, str(error)) == (
            Kind.DAMAGED,
            Stage.DECODE,
            "the structure of the file is broken (of Pillow)",
        )


@settings(max_examples=60)
@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=3, unique=True),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]),
    algorithm=st.sampled_from(["lanczos", "nearest", "bilinear", "bicubic", "box", "hamming"]),
    extension=st.sampled_from(["jpg", "png", "webp"]),
    only_shrink=st.booleans(),
)
def test_any_image_gives_the_promised_sizes(
    size: tuple[int, int], sizes: list[int], mode: str, algorithm: str, extension: str, only_shrink: bool
) -> None:
    data = image_bytes(Image.new(mode, size), "PNG")
    spec = ResizeSpec(sizes=tuple(sizes), extension=extension, algorithm=algorithm, only_shrink=only_shrink)
    outputs = resize_image(open_image(data), spec).outputs.values()
    assert len(outputs) == len(sizes)
    for wanted, output in zip(sorted(sizes, reverse=True), outputs, strict=True):
        assert isinstance(output, Encoded)
        image = Image.open(io.BytesIO(output.data))
        assert image.mode == "RGB"
        assert max(image.size) == (min(wanted, max(size)) if only_shrink else wanted)


@pytest.mark.parametrize(
    ("fit", "size", "box"),
    [("cover", (96, 60), None), ("stretch", (60, 60), None), ("crop", (60, 60), (90.5, 0, 391.5, 301))],
)
def test_a_fit_is_one_resize(fit: str, size: tuple[int, int], box: Box | None) -> None:
    source = Image.effect_mandelbrot((482, 301), (-2, -1.5, 1, 1.5), 80).convert("RGB")
    output = single_output(resized(image_bytes(source, "PNG"), sizes=(60,), extension="png", fit=fit))
    assert picture_of(output.data).tobytes() == source.resize(size, Image.Resampling.LANCZOS, box=box).tobytes()


def test_pad_centres_on_its_color() -> None:
    source = Image.effect_mandelbrot((400, 200), (-2, -1.5, 1, 1.5), 80).convert("RGB")
    spec = {"extension": "png", "fit": "pad", "pad_color": "#0000ff", "sizes": (100, 50)}
    large, small = resized(image_bytes(source, "PNG"), **spec).outputs.values()
    inner = source.resize((100, 50), Image.Resampling.LANCZOS)
    for output, size, shown in ((large, 100, inner), (small, 50, inner.resize((50, 25), Image.Resampling.LANCZOS))):
        assert isinstance(output, Encoded)
        wanted = Image.new("RGB", (size, size), "blue")
        wanted.paste(shown, (0, (size - shown.height) // 2))
        assert picture_of(output.data).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("fit", ["contain", "cover", "crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(1601, 1001), (1000, 1501)])
def test_reduced_decoding_keeps_the_geometry_of_every_fit(fit: str, size: tuple[int, int]) -> None:
    data = jpeg(8, size)
    exact, close = (
        single_output(resized(data, sizes=(128,), extension="png", fit=fit, exact=exact)) for exact in (True, False)
    )
    assert exact.target == close.target
    assert psnr(picture_of(exact.data), picture_of(close.data)) > 42


def test_a_small_image_is_centred_unscaled_with_only_shrink() -> None:
    source = Image.effect_mandelbrot((30, 20), (-2, -1.5, 1, 1.5), 80).convert("RGB")
    output = single_output(
        resized(image_bytes(source, "PNG"), sizes=(64,), extension="png", fit="pad", only_shrink=True)
    )
    assert picture_of(output.data).crop((17, 22, 47, 42)).tobytes() == source.tobytes()


def test_an_extreme_cover_is_a_failure_of_its_own_kind() -> None:
    data = image_bytes(Image.new("RGB", (3000, 4)), "PNG")
    large, small = resized(data, sizes=(512, 16), extension="jpg", fit="cover").outputs.values()
    assert isinstance(large, ImageError)
    assert (large.kind, str(large)) == (
        Kind.OUTPUT_TOO_LARGE,
        "384000 x 512 pixels: a jpg image can have at most 65500 pixels per side",
    )
    assert isinstance(small, Encoded)
    assert Image.open(io.BytesIO(small.data)).size == (12_000, 16)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fit", ["contain", "cover", "pad"])
def test_pictures_are_turned_as_pillow_turns_them(orientation: int, fit: str) -> None:
    source = Image.effect_mandelbrot((300, 181), (-2, -1.5, 1, 1.5), 80).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = image_bytes(source, "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    spec = {"sizes": (90, 45), "extension": "png", "fit": fit, "algorithm": "box"}
    turned = resized(data, **spec).outputs.values()
    wanted = resized(image_bytes(upright.convert("RGB"), "PNG", exif=Image.Exif()), **spec).outputs.values()
    stored = resized(data, **spec, orientation="stored").outputs.values()
    as_stored = resized(image_bytes(source, "PNG"), **spec).outputs.values()
    for actual, expected in (*zip(turned, wanted, strict=True), *zip(stored, as_stored, strict=True)):
        assert isinstance(actual, Encoded)
        assert isinstance(expected, Encoded)
        assert picture_of(actual.data).size == picture_of(expected.data).size
        assert psnr(picture_of(actual.data), picture_of(expected.data)) > 60
