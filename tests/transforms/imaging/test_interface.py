"""The public names of the core, imported as documented."""

import io

import pytest
from PIL import Image

from tests.support import jpeg
from transforms import imaging
from transforms.imaging import Encoded, ImageError, ResizeSpec, SkippedError, map_box, process_image


def test_the_data_of_each_size() -> None:
    result = process_image(jpeg(1, (120, 80)), ResizeSpec(sizes=(48, 24), extension="png"))
    for size, dimensions in ((48, (48, 32)), (24, (24, 16))):
        output = result.outputs[size]
        assert isinstance(output, Encoded)
        assert result.data(size) == output.data
        image = Image.open(io.BytesIO(result.data(size)))
        assert (image.format, image.size) == ("PNG", dimensions)
    with pytest.raises(KeyError):
        result.data(512)


def test_the_data_of_an_image_that_failed_raises_its_error() -> None:
    result = process_image(b"none", ResizeSpec(sizes=(48, 24)))
    for size in (48, 24):
        with pytest.raises(ImageError, match="the content is not in an image format that can be read") as caught:
            result.data(size)
        assert caught.value.kind is imaging.Kind.NOT_AN_IMAGE


def test_a_size_that_cannot_be_made_leaves_the_others() -> None:
    result = process_image(jpeg(1, (300, 3)), ResizeSpec(sizes=(200, 8), fit="cover", extension="webp"))
    with pytest.raises(ImageError, match="20000 x 200 pixels: a webp image can have at most 16383 pixels per side"):
        result.data(200)
    assert Image.open(io.BytesIO(result.data(8))).size == (800, 8)


def test_the_data_of_an_image_that_a_filter_left_out_raises_the_reason() -> None:
    result = process_image(jpeg(1, (120, 80)), ResizeSpec(sizes=(48,), min_side=100))
    with pytest.raises(SkippedError, match="min-side") as caught:
        result.data(48)
    assert caught.value.reason is imaging.Skip.MIN_SIDE


def test_a_box_is_mapped_by_the_target_of_its_output() -> None:
    output = process_image(jpeg(1, (120, 80)), ResizeSpec(sizes=(40,), fit="pad", extension="png")).outputs[40]
    assert isinstance(output, Encoded)
    target = output.target
    box = map_box((30, 20, 60, 40), target.source_box, target.output_box, target.orientation)
    assert box == (10.0, 13.5, 20.0, 20.0)


def test_every_public_name_is_there() -> None:
    assert [name for name in imaging.__all__ if not hasattr(imaging, name)] == []
    assert imaging.__all__ == sorted(imaging.__all__)
