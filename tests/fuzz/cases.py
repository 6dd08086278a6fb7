"""A case: damaged bytes and a spec, made from nothing but a seed and a number."""

from __future__ import annotations

import functools
import random
from typing import Any, NamedTuple

from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import names, whole
from transforms.imaging.spec import COLORS, DEPTH_RANGES, FILTERS, FITS, MODES, ORIENTATIONS, TRUNCATED, ResizeSpec


class Case(NamedTuple):
    """What is made of what; `name` is that of the whole file that was damaged."""

    name: str
    data: bytes
    spec: ResizeSpec


def case_of(seed: int, number: int) -> Case:
    """The case; one in fifty is a whole file, and one in fifty is no image from its first byte."""
    chance = random.Random(f"{seed} {number}")
    name, other = chance.choice(_formats()), chance.choice(names())
    if chance.random() < 0.5:
        other = chance.choice([alike for alike in names() if alike.split()[0] == name.split()[0]])
    kind = chance.randrange(50)
    data = whole(name) if kind == 0 else mutate(whole(name), whole(other), chance)
    data = chance.randbytes(chance.randrange(300)) if kind == 1 else data
    return Case(name, data, spec_of(chance))


@functools.cache
def _formats() -> tuple[str, ...]:
    """Names of files, each format's as often as another's, so that those with many files do not crowd out the rest."""
    formats: dict[str, list[str]] = {}
    for name in names():
        formats.setdefault(name.split()[0], []).append(name)
    most = max(map(len, formats.values()))
    return tuple(alike[turn % len(alike)] for alike in formats.values() for turn in range(most))


def spec_of(chance: random.Random) -> ResizeSpec:
    """Any settings that go together."""
    mode = chance.choice((*MODES, "RGB", "RGB"))
    fit = chance.choice(FITS)
    simd = mode != "keep" and chance.random() < 0.25
    algorithm = "nearest" if mode == "keep" else chance.choice([name for name in FILTERS if name != "hamming"])
    extension = chance.choice(("", "png") if mode == "keep" else ("", "jpg", "jpg", "png", "webp"))
    settings: dict[str, Any] = {
        "sizes": tuple(chance.sample(range(1, 100), chance.choice((1, 1, 2)))),
        "max_pixels": chance.choice((*[ResizeSpec.max_pixels] * 9, 1000)),
        "truncated": chance.choice(TRUNCATED),
        "background": chance.choice(("#ffffff", "#102030")),
        "color": chance.choice(COLORS),
        "depth_range": chance.choice(DEPTH_RANGES),
        "orientation": chance.choice(ORIENTATIONS),
    }
    return ResizeSpec(
        **settings,
        fit=fit,
        mode=mode,
        extension="avif" if mode != "keep" and chance.random() < 0.02 else extension,
        algorithm=algorithm,
        resampler="simd" if simd else "pillow",
        exact=not simd and chance.random() < 0.2,
        check_jpeg=chance.random() < 0.2,
        only_shrink=fit != "stretch" and chance.random() < 0.2,
        min_side=chance.choice((*[1] * 20, 20)),
    )
