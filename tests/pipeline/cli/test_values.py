"""Values of flags: the meaning of each notation, and the values that are refused."""

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from pipeline.cli import values


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (values.whole_number, "12", 12),
        (values.number, "1.5", 1.5),
        (values.sizes, "512,256", [512, 256]),
        (values.alphabet, "hex", "0123456789abcdef"),
        (values.alphabet, "abc", "abc"),
        (values.byte_count, "4G", 4 << 30),
        (values.byte_count, "1.5mb", 3 << 19),
        (values.byte_count, "1048576", 1 << 20),
        (values.share, "0.25", "1/4"),
        (values.share, "1", "1"),
        (values.limit, "20", values.Limit(20)),
        (values.limit, "2.5%", values.Limit(2.5, percent=True)),
        (values.license_id, "cc-by-4.0", "cc-by-4.0"),
        *((values.extension, text, "jpg") for text in ("jpg", ".jpg", "JPG", ".JPG")),
        *((values.extension, text, "jpeg") for text in ("jpeg", ".jpeg", "JPEG", ".Jpeg")),
        *((values.extension, text, "webp") for text in ("webp", ".webp", "WebP")),
        (values.extension, "", ""),
    ],
)
def test_a_value_is_parsed(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("red", "#ff0000"),
        ("#80a", "#8800aa"),
        ("#8000a0", "#8000a0"),
        ("rgb(1, 2, 3)", "#010203"),
        ("hsl(0, 100%, 50%)", "#ff0000"),
        ("#8000a0ff", "#8000a0"),
        ("#80af", "#8800aa"),
        ("rgba(1, 2, 3, 255)", "#010203"),
    ],
)
def test_an_opaque_color_is_accepted_in_every_notation(text: str, color: str) -> None:
    assert values.color(text) == color


@pytest.mark.parametrize(
    ("text", "opaque"),
    [("#ff000080", "#ff0000"), ("#f008", "#ff0000"), ("rgba(1, 2, 3, 0)", "#010203"), ("#00000000", "#000000")],
)
def test_a_transparent_color_is_refused(text: str, opaque: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        values.color(text)
    assert str(caught.value) == f"{text!r} is not opaque, but outputs cannot be transparent: use {opaque}"


@pytest.mark.parametrize("text", ["reddish", "#12345", "", "x" * 200])
def test_what_is_not_a_color_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a color: use a name, or a value such as #ffffff"):
        values.color(text)


@pytest.mark.parametrize("text", ["rgb(300, 0, 0)", "rgb(0%, 101%, 0%)", "rgba(0, 0, 0, 256)"])
def test_a_color_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a color: its values go up to 255 or 100%"):
        values.color(text)


def test_digits_of_other_scripts_are_refused() -> None:
    for parse in (values.whole_number, values.byte_count, values.limit):
        with pytest.raises(ArgumentTypeError):
            parse("1\u0664")
