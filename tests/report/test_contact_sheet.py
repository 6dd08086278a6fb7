"""Which images the contact sheet shows, where their sources are, and their thumbnails."""

import base64
import io
import os

import pytest
from PIL import Image

from pipeline.report.contact_sheet import location_of, root_of, thumbnail
from pipeline.report.data import rows_to_picture
from tests.support import Row, jpeg
from transforms.imaging.naming import sample_rank
from transforms.model.json_lines import json_line


def manifest_row(key: str, size: int, status: str = "written") -> Row:
    return {"key": key, "source": f"{key}.jpg", "size": size, "status": status}


def test_the_written_images_with_the_lowest_ranks_are_pictured() -> None:
    keys = [f"k{number}" for number in range(200)]
    lines = [
        json_line(manifest_row(key, size, "failed" if key == "k7" or (key == "k9" and size == 512) else "written"))
        for key in keys
        for size in (512, 256)
    ]
    pictured = rows_to_picture(lines, 150)
    expected = sorted(set(keys) - {"k7"}, key=sample_rank)[:150]
    assert [image[0]["key"] for image in pictured] == expected
    for image in pictured:
        assert [row["size"] for row in image] == ([256] if image[0]["key"] == "k9" else [512, 256])


def test_of_two_sources_with_one_key_one_is_pictured() -> None:
    lines = [json_line({**manifest_row("a", 8), "source": name}) for name in ("a.jpg", "a.png")]
    assert [[row["source"] for row in image] for image in rows_to_picture(lines, 3)] == [["a.jpg"]]


def test_a_name_that_is_not_unicode_is_pictured() -> None:
    name = os.fsdecode(b'"\xff\\')
    assert rows_to_picture([json_line(manifest_row(name, 8))], 3)[0][0]["key"] == name


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


def test_a_thumbnail_is_small_and_never_enlarged() -> None:
    shown = thumbnail(jpeg(1, (900, 600)))
    image = Image.open(io.BytesIO(base64.b64decode(shown.uri.partition(",")[2])))
    assert (shown.width, shown.height) == image.size == (256, 170)
    small = thumbnail(jpeg(1, (90, 60)))
    assert (small.width, small.height) == (90, 60)


def test_a_thumbnail_that_cannot_be_made_says_why() -> None:
    assert thumbnail(b"no image").missing.startswith("Cannot be shown: the content is not in an image format")
    assert thumbnail(None).missing == "Not found"
