"""Parsers of flag values. Each raises an `ArgumentTypeError` that quotes the text and says what is allowed."""

from __future__ import annotations

import dataclasses
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection
from fractions import Fraction

from PIL import ImageColor

from transforms.listing.ranges import ALPHABETS
from transforms.model.annotations import FLAGS, FlagRule

_SMALLEST_MEMORY = 1 << 20


@dataclasses.dataclass(frozen=True)
class Limit:
    """The number of images that may fail.

    Args:
        value: a number of images, or a percentage of all images.
        percent: whether `value` is a percentage.
    """

    value: float
    percent: bool = False

    def exceeded(self, failed: int, total: int | None) -> bool:
        """Return whether too many of `total` images failed. A percentage needs the total: without it, return False."""
        if not self.percent:
            return failed > self.value
        return total is not None and failed * 100 > self.value * total

    def __str__(self) -> str:
        return f"{self.value:g}{'%' if self.percent else ''}"


def choice(allowed: Collection[str]) -> Callable[[str], str]:
    """Return a parser that accepts the values of `allowed`."""

    def parse(text: str) -> str:
        if text not in allowed:
            if len(allowed) == 1:
                raise ArgumentTypeError(f"{text!r} is unknown: use {next(iter(allowed))}")
            raise ArgumentTypeError(f"{text!r} is not one of {', '.join(allowed)}: choose one")
        return text

    return parse


def whole_number(text: str) -> int:
    """Parse a whole number of 1 or more."""
    return _whole_number(text, "of 1 or more")


def quality(text: str) -> int:
    """Parse a quality. The settings class checks its upper bound."""
    return _whole_number(text, "from 1 to 100")


def _whole_number(text: str, allowed: str) -> int:
    if re.fullmatch(r"-?[0-9]+", text) and int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is out of range: use a whole number {allowed}")
    if not re.fullmatch(r"0*[1-9][0-9]*", text):
        raise ArgumentTypeError(f"{text!r} is not a whole number: use one {allowed}")
    return int(text)


def number(text: str) -> float:
    """Parse a number. The settings class checks its range."""
    try:
        return float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a number: use one such as 1.5") from error


def sizes(text: str) -> list[int]:
    """Parse one size in pixels, or several separated by commas."""
    return [whole_number(part) for part in text.split(",")]


def alphabet(text: str) -> str:
    """Parse the name of an alphabet, or the characters of one, and return its characters."""
    characters = ALPHABETS.get(text, text)
    if not characters.isprintable() or not characters:
        raise ArgumentTypeError(f"{text!r} is not an alphabet: use hex, or characters such as 0123456789")
    return characters


def byte_count(text: str) -> int:
    """Parse a number of bytes, at least 1 MiB. K, M, G and T are powers of 1024."""
    matched = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([KMGT]?)B?", text.strip().upper())
    count = int(float(matched[1]) * 1024 ** " KMGT".index(matched[2] or " ")) if matched else 0
    if count < _SMALLEST_MEMORY:
        raise ArgumentTypeError(f"{text!r} is not an amount of memory: use 1M or more, such as 512M or 4G")
    return count


def color(text: str) -> str:
    """Parse an opaque color, by name or in any notation of `PIL.ImageColor`, and return it as #rrggbb."""
    try:
        red, green, blue, alpha = (*ImageColor.getrgb(text), 255)[:4]
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a color: use a name, or a value such as #ffffff") from error
    if max(red, green, blue, alpha) > 255:
        raise ArgumentTypeError(f"{text!r} is not a color: its values go up to 255 or 100%; use one such as #ffffff")
    opaque = f"#{red:02x}{green:02x}{blue:02x}"
    if alpha < 255:
        raise ArgumentTypeError(f"{text!r} is not opaque, but outputs cannot be transparent: use {opaque}")
    return opaque


def share(text: str) -> str:
    """Parse a share above 0 and at most 1, such as 1/10 or 0.1, and return it as a fraction in lowest terms."""
    try:
        fraction = Fraction(text)
    except (ValueError, ZeroDivisionError):
        fraction = Fraction(0)
    if not 0 < fraction <= 1:
        raise ArgumentTypeError(f"{text!r} is not a fraction of the images: use one such as 1/10")
    return str(fraction)


def limit(text: str) -> Limit:
    """Parse a number of images, such as 20, or a percentage, such as 1%."""
    matched = re.fullmatch(r"([0-9]+)|([0-9]+(?:\.[0-9]+)?)%", text.strip())
    if matched is None or (matched[2] and float(matched[2]) > 100):
        raise ArgumentTypeError(f"{text!r} is not a limit: use a number of images, or a percentage such as 1%")
    return Limit(int(matched[1])) if matched[1] else Limit(float(matched[2]), percent=True)


def not_empty(text: str) -> str:
    """Return a path or a name unchanged."""
    if not text:
        raise ArgumentTypeError("'' is empty: add a value, or leave out the flag")
    return text


def license_id(text: str) -> str:
    """Parse a license identifier that is valid in the head of the card."""
    if not re.fullmatch(r"[\w.-]*", text):
        raise ArgumentTypeError(f"{text!r} is not a license identifier: use one such as cc-by-4.0, or other")
    return text


def flag_rules(text: str) -> tuple[FlagRule, ...]:
    """Parse rules for the flags of a box, such as "IsGroupOf=0 IsDepiction!=1"."""
    rules = []
    for part in text.split():
        matched = re.fullmatch(r"(\w+)(!?=)(-1|0|1)", part)
        if matched is None or matched[1] not in FLAGS:
            raise ArgumentTypeError(
                f"{part!r} is not a rule: use one such as IsGroupOf=0 or IsDepiction!=1, with one of "
                f"{', '.join(FLAGS)} and 1, 0, or -1 for unknown"
            )
        rules.append(FlagRule(matched[1], int(matched[3]), matched[2] == "="))
    if not rules:
        raise ArgumentTypeError(f"{text!r} does not contain a rule: use one such as IsGroupOf=0")
    return tuple(rules)


def visible_share(text: str) -> float:
    """Parse a share from 0 to 1, such as 0.3."""
    parsed = number(text)
    if not 0 <= parsed <= 1:
        raise ArgumentTypeError(f"{text!r} is out of range: use a number from 0 to 1, such as 0.3")
    return parsed


def extension(text: str) -> str:
    """Parse the extension of an image, with or without its dot. The settings class checks that it can be written."""
    return text.strip().lower().removeprefix(".")
