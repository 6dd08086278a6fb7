import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.model.json_lines import is_written, json_line, manifest_line, source_sha256
from transforms.model.records import ManifestRow, Value

SHA256 = "0123456789abcdef" * 4
PIECES = ['"', "\\", ",", ":", "{", "}", "status", "written", "source_sha256", SHA256, "\udcff", "ü", "\n", "x"]
TEXTS = st.text() | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
VALUES: st.SearchStrategy[Value] = TEXTS | st.integers() | st.floats() | st.booleans() | st.none()
OWN = set(ManifestRow._fields)
ROWS = st.builds(
    ManifestRow,
    key=TEXTS,
    source=TEXTS,
    source_bytes=st.none() | st.integers(0),
    source_sha256=st.none() | st.just(SHA256),
    source_format=st.none() | TEXTS,
    source_mode=st.none() | TEXTS,
    source_width=st.none() | st.integers(0),
    source_height=st.none() | st.integers(0),
    size=st.integers(1),
    path=st.none() | TEXTS,
    status=st.sampled_from(("written", "failed", "skipped")),
    reason=st.none() | TEXTS,
    notes=st.lists(TEXTS).map(tuple),
    columns=st.dictionaries(TEXTS.filter(lambda name: name not in OWN), VALUES),
    annotations=st.just({}) | st.just({"objects": {"bbox": [[1, 2.5, 3, 4]], "category": [0], "group_of": [-1]}}),
)


def row(**fields: Any) -> ManifestRow:
    return ManifestRow("k", "k.jpg", 1, None, None, None, None, None, 8)._replace(**fields)


@given(ROWS)
@example(row(columns={'x"status': "written"}))
@example(row(columns={'x"source_sha256': SHA256}))
@example(row(columns={'"status': "written", '"source_sha256': SHA256}))
@example(row(columns={"x": ',"status":"written",', "y,": 'status":"written"'}))
@example(row(key='","status":"written","source_sha256":"' + SHA256, notes=("status", "written")))
def test_a_reader_agrees_with_json(manifest_row: ManifestRow) -> None:
    line = manifest_line(manifest_row)
    parsed = json.loads(line)
    assert is_written(line) == (parsed["status"] == "written")
    assert source_sha256(line) == parsed["source_sha256"]


def test_a_line_of_the_manifest() -> None:
    line = manifest_line(row(key="\udce9/ü\n", status="written", columns={"label": 1, "caption": None}))
    assert line == (
        rb'{"key":"\udce9/'
        + 'ü\\n","source":"k.jpg","source_bytes":1,"source_sha256":null,'
        '"source_format":null,"source_mode":null,"source_width":null,"source_height":null,"size":8,"path":null,'
        '"width":null,"height":null,"bytes":null,"sha256":null,"orientation":null,"source_box":null,"output_box":null,'
        '"status":"written","reason":null,"notes":[],"label":1,"caption":null}\n'.encode()
    )


@pytest.mark.parametrize("value", [["a", 1], ("a", 1)])
def test_any_value_is_one_line(value: Any) -> None:
    assert json_line(value) == b'["a",1]\n'
