"""The other ways by which a case's bytes reach a decoder: thumbnails of the report, and `--estimate`."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from tests.fuzz.cases import Case
from transforms.imaging.resize import Encoded, ImageResult
from transforms.model.records import Source

# One case in so many goes there as well. To estimate is to import Apache Beam.
_SHOWN, _ESTIMATED = 3, 50


def problem_elsewhere(case: Case, number: int, made: ImageResult, memory: int) -> str:
    """What is wrong there with a case of which `made` came; empty where nothing is."""
    if number % _ESTIMATED == 1:
        return _estimate_problem(case, made, memory)
    return _thumbnail_problem(case) if number % _SHOWN == 1 else ""


def _thumbnail_problem(case: Case) -> str:
    from pipeline.report.contact_sheet import thumbnail  # here, for the seconds that it takes

    shown = thumbnail(case.data)
    if shown.uri.startswith("data:image/jpeg;base64,") and 0 < max(shown[1:3]) <= 256:
        return ""
    return "" if shown.missing.startswith("Cannot be shown: ") else f"a thumbnail: {shown}"


def _estimate_problem(case: Case, made: ImageResult, memory: int) -> str:
    from pipeline.cli.options import parse
    from pipeline.estimate.measure import measure

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "case.jpg")
        path.write_bytes(case.data)
        config = parse(["-i", folder, "-o", "/dev/null", "--estimate", "-s", "64", "-j", "1"]).config
        config = dataclasses.replace(config, spec=case.spec, memory=memory)
        source = Source("case", "case.jpg", str(path), len(case.data), 0.0)
        (image,) = measure([source], config).images
    lengths = {size: len(one.data) if isinstance(one, Encoded) else 0 for size, one in made.outputs.items()}
    return "" if image.outputs == lengths else f"estimated {image.outputs}, made {lengths}"
