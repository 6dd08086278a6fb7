from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from transforms.model.records import FailureRow, ManifestRow
from transforms.summary.combine import Summarize
from transforms.summary.enlarged import Enlarged, enlarged
from transforms.summary.tally import merge, tally


def row(source: str, size: int, status: str, width: int | None = 640, height: int | None = 480) -> ManifestRow:
    row = ManifestRow(source, source, 1000, "aa", "JPEG", "RGB", width, height, size)
    return row._replace(status=status, bytes=50 if status == "written" else None)


def boxes(source: tuple[int, int], output: tuple[int, int]) -> dict[str, Any]:
    """Return the boxes of an output that shows a part of its source, below 10 px of padding."""
    return {"source_box": (0.0, 0.0, *map(float, source)), "output_box": (0, 10, output[0], 10 + output[1])}


ROWS = [
    row("a", 512, "written")._replace(notes=("icc-profile",), **boxes((640, 480), (512, 384))),
    row("a", 256, "written")._replace(notes=("icc-profile",), **boxes((640, 480), (256, 192))),
    row("b", 512, "failed", width=3000, height=100)._replace(notes=("icc-profile", "truncated")),
    row("b", 256, "written", width=3000, height=100)._replace(
        notes=("icc-profile", "truncated"), **boxes((100, 100), (256, 256))
    ),
    row("c", 512, "failed", None, None),
    row("c", 256, "failed", None, None),
    row("d", 512, "skipped")._replace(reason="min-side"),
    row("d", 256, "skipped")._replace(reason="min-side"),
]
FAILURES = [
    FailureRow("b", "b", "resize", "output-too-large", "x"),
    FailureRow("c", "c", "read", "unreadable", "x"),
]


def test_the_tally_of_a_shard() -> None:
    assert tally(ROWS, FAILURES, [512, 256]) == {
        "images": {"matched": 4, "written": 1, "failed": 2, "skipped": 1},
        "source_bytes": 4000,
        "outputs": {
            "512": {"images": 1, "bytes": 50, "formats": {"": 1}},
            "256": {"images": 2, "bytes": 100, "formats": {"": 2}},
        },
        "output_bytes": {"512": {"56": 1}, "256": {"56": 2}},
        "enlarged": {"512": {"no": 1}, "256": {"no": 1, "yes": 1}},
        "skipped": {"min-side": 1},
        "failures": {"output-too-large": 1, "unreadable": 1},
        "retry": 1,
        "notes": {"icc-profile": 2, "truncated": 1},
        "source_formats": {"JPEG": 4},
        "source_modes": {"RGB": 4},
        "source_longest_side": {"1024": 2, "4096": 1},
        "source_aspect_ratio": {"1.3": 2, "10.0": 1},
    }


@pytest.mark.parametrize(
    ("source", "output", "larger"),
    [
        ((100, 50), (100, 50), "no"),
        ((100, 50), (50, 100), "no"),  # turned
        ((100, 50), (101, 50), "yes"),
        ((1000, 10), (100, 90), "no"),  # stretched: fewer pixels
    ],
)
def test_an_output_with_more_pixels_than_its_source_is_enlarged(
    source: tuple[int, int], output: tuple[int, int], larger: str
) -> None:
    written = row("a", 8, "written")._replace(**boxes(source, output))
    assert tally([written], [], [8])["enlarged"] == {"8": {larger: 1}}


def test_shares_are_those_of_the_outputs_that_are_known() -> None:
    old, new = {"images": {"written": 5}}, {"images": {"written": 3}, "enlarged": {"8": {"yes": 2, "no": 1}, "16": {}}}
    assert list(map(str, enlarged(merge([old, new])))) == ["2 of 3 images (66.7 %)"]
    assert list(enlarged(merge([old]))) == []
    sizes = {"8": {"yes": 1}, "16": {"yes": 1, "no": 1999}, "4": {"no": 5}}
    assert list(enlarged({"enlarged": sizes})) == [Enlarged(16, 1, 2000), Enlarged(8, 1, 1)]


def test_tallies_add_up_in_any_order() -> None:
    first = {"b": 1, "a": {"x": 1}}
    second = {"a": {"y": 5, "x": 2}}
    assert merge([first, second]) == merge([second, first]) == {"a": {"x": 3, "y": 5}, "b": 1}
    assert list(merge([first, second])) == ["a", "b"]
    assert first == {"b": 1, "a": {"x": 1}}


def test_the_tallies_of_a_graph_are_summed() -> None:
    with beam.Pipeline("FnApiRunner") as pipeline:
        tallies = pipeline | beam.Create([{"a": {"x": number}} for number in range(10)])
        assert_that(tallies | Summarize(), equal_to([{"a": {"x": 45}}]))
