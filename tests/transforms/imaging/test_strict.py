"""Detection of damage that Pillow ignores."""

import sys
from importlib.metadata import version
from typing import Any

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from transforms.imaging import strict
from transforms.imaging.decode import decode
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.opening import open_image
from transforms.imaging.spec import ResizeSpec, SettingError, library_versions
from transforms.imaging.strict import check, check_extra

PHOTO = jpeg(1, (400, 300))


def cut(data: bytes) -> bytes:
    """Return a JPEG with a piece removed from the middle of its coded data."""
    middle = len(data) // 2
    return data[:middle] + data[middle + 500 :]


def notes(data: bytes, **settings: Any) -> tuple[Note, ...]:
    return decode(open_image(data), ResizeSpec(check_jpeg=True, **settings)).notes


@pytest.mark.parametrize("parameters", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
def test_damage_that_pillow_ignores(parameters: dict[str, Any]) -> None:
    data = jpeg(1, (400, 300), **parameters)
    assert notes(data) == ()
    assert decode(open_image(cut(data)), ResizeSpec()).pixels.size == (400, 300)
    with pytest.raises(ImageError) as caught:
        notes(cut(data))
    assert (caught.value.kind, caught.value.stage) == (Kind.DAMAGED, Stage.DECODE)
    assert caught.value.message.startswith("--check_jpeg: Corrupt JPEG data: ")


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_intact_jpegs_of_other_modes_pass(mode: str) -> None:
    assert notes(image_bytes(Image.effect_noise((90, 60), 40).convert(mode), "JPEG")) == ()


def test_what_follows_the_picture_does_not_matter() -> None:
    assert notes(PHOTO + b"appended") == ()
    several = image_bytes(Image.new("RGB", (40, 30)), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 30))])
    assert notes(several) == ()


def test_rare_subsamplings_cannot_be_checked_and_are_noted() -> None:
    data = bytearray(PHOTO)
    frame = data.index(b"\xff\xc0")
    assert data[frame + 11] == 0x22  # luma has 2 x 2 samples for each chroma sample
    data[frame + 11] = 0x31  # 3 x 1 makes it a different picture
    assert check(bytes(data)) is False
    assert notes(bytes(data)) == (Note.UNCHECKED,)


def test_other_formats_are_left_alone() -> None:
    assert notes(image_bytes(Image.new("RGB", (9, 9)), "PNG")) == ()


def test_a_truncated_jpeg_can_be_accepted_all_the_same() -> None:
    assert notes(PHOTO[:-3000], truncated="accept") == (Note.TRUNCATED,)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    strict._module.cache_clear()
    monkeypatch.setitem(sys.modules, "simplejpeg", None)  # it cannot be imported
    with pytest.raises(SettingError) as caught:
        check_extra(ResizeSpec(check_jpeg=True))
    assert caught.value.setting == "check_jpeg"
    assert str(caught.value).startswith("needs an extra that is not installed: pip install ")
    check_extra(ResizeSpec())


def test_the_version_of_the_extra_is_a_setting_where_it_is_used() -> None:
    assert library_versions(ResizeSpec(check_jpeg=True))["simplejpeg"] == version("simplejpeg")
    assert "simplejpeg" not in library_versions(ResizeSpec())
