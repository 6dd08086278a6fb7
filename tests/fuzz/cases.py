"""A case: damaged bytes and a spec, derived only from a seed and a number."""

from __future__ import annotations

import functools
import random
from typing import Any, NamedTuple

from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import seed_file, seed_names
from transforms.imaging.spec import COLORS, DEPTH_RANGES, FILTERS, FITS, MODES, ORIENTATIONS, TRUNCATED, ResizeSpec


class Case(NamedTuple):
    """A file, the settings with which it is resized, and the name of the intact file that was damaged."""

    name: str
    data: bytes
    spec: ResizeSpec


def case_of(seed: int, number: int) -> Case:
    """Return a case. One in fifty is an intact file, and one in fifty is random bytes."""
    chance = random.Random(f"{seed} {number}")
    name, other = chance.choice(_formats()), chance.choice(seed_names())
    if chance.random() < 0.5:
        other = chance.choice([similar for similar in seed_names() if similar.split()[0] == name.split()[0]])
    kind = chance.randrange(50)
    data = seed_file(name) if kind == 0 else mutate(seed_file(name), seed_file(other), chance)
    data = chance.randbytes(chance.randrange(300)) if kind == 1 else data
    return Case(name, data, spec_of(chance))


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return the names of the files, repeated so that each format occurs equally often."""
    formats: dict[str, list[str]] = {}
    for name in seed_names():
        formats.setdefault(name.split()[0], []).append(name)
    most = max(map(len, formats.values()))
    return tuple(group[turn % len(group)] for group in formats.values() for turn in range(most))


def spec_of(chance: random.Random) -> ResizeSpec:
    """Return random settings that can be combined."""
    mode = chance.choice((*MODES, "RGB", "RGB"))
    fit = chance.choice(FITS)
    algorithm = "nearest" if mode == "keep" else chance.choice(list(FILTERS))
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
        exact=chance.random() < 0.2,
        check_jpeg=chance.random() < 0.2,
        only_shrink=fit != "stretch" and chance.random() < 0.2,
        keep_small=fit != "stretch" and chance.random() < 0.2,
        min_side=chance.choice((*[1] * 20, 20)),
    )
