"""The other ways from a case's bytes to a decoder: pictures of the report, and `--estimate`."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from tests.fuzz.cases import Case
from transforms.imaging.resize import Encoded, ImageResult
from transforms.model.records import Source

# One case in this many is also tried here. Pictures are created in a new process, and estimates import Apache Beam.
_PICTURE, _ESTIMATE = 20, 50


def problem_of_other_paths(case: Case, number: int, result: ImageResult, memory: int) -> str:
    """Return the problem of a case on one of these paths, compared with its result; "" if there is none."""
    if number % _ESTIMATE == 1:
        return _estimate_problem(case, result, memory)
    return _picture_problem(case) if number % _PICTURE == 2 else ""


def _picture_problem(case: Case) -> str:
    from pipeline.report.drawing import Drawing  # imported here because it takes seconds

    with Drawing() as drawing:  # the case may kill the child, but not this process
        shown = drawing.make("thumbnail", case.data, side=256, is_output=False)
    if shown.uri.startswith("data:image/jpeg;base64,") and 0 < max(shown.width, shown.height) <= 256:
        return ""
    reasons = ("Cannot be shown: ", "The process that makes the pictures ended (")
    return "" if shown.missing.startswith(reasons) else f"a picture: {shown}"


def _estimate_problem(case: Case, result: ImageResult, memory: int) -> str:
    from pipeline.cli.options import parse
    from pipeline.estimate.measure import measure

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "case.jpg")
        path.write_bytes(case.data)
        config = parse(["-i", folder, "-o", "/dev/null", "--estimate", "-s", "64", "-j", "1"]).config
        config = dataclasses.replace(config, spec=case.spec, memory=memory)
        source = Source("case", "case.jpg", str(path), len(case.data), 0.0)
        (image,) = measure([source], config).images
    lengths = {size: len(output.data) if isinstance(output, Encoded) else 0 for size, output in result.outputs.items()}
    return "" if image.outputs == lengths else f"estimated {image.outputs}, written {lengths}"
