"""Plans of datasets that earlier versions wrote."""

import json
from pathlib import Path

import pytest

from tests.support import write_tree
from transforms.dataset.plan import read_plan
from transforms.model.errors import RunError

PLAN = {
    "inputs": {"in": "/in/**"},
    "settings": {"size": [8], "labels": "folder", "versions": {"pillow": "12.3.0"}},
    "shards": {"in": 1},
    "columns": [{"label": "int64", "label_name": "string"}, ["cat"]],
}


def write_plan(out: Path, **changes: object) -> str:
    write_tree(out, {".run/config.json": json.dumps({**PLAN, **changes}).encode()})
    return str(out)


def test_a_setting_is_read_by_its_old_name(tmp_path: Path) -> None:
    plan = read_plan(write_plan(tmp_path))
    assert plan is not None
    versions = {"pillow": "12.3.0"}
    assert plan.settings == {"size": [8], "label_from": "folder", "keep_small": False, "versions": versions}
    assert plan.columns.classes == ("cat",)


@pytest.mark.parametrize(("resampler", "kept"), [("pillow", {}), ("simd", {"resampler": "simd"})])
def test_the_old_resampler_is_ignored_if_it_was_pillow(tmp_path: Path, resampler: str, kept: dict[str, str]) -> None:
    plan = read_plan(write_plan(tmp_path, settings={"size": [8], "resampler": resampler}))
    assert plan is not None
    assert plan.settings == {"size": [8], "keep_small": False, **kept}


@pytest.mark.parametrize("settings", [7, "x", ["x"]])
def test_settings_that_are_not_an_object_are_damaged(tmp_path: Path, settings: object) -> None:
    with pytest.raises(RunError, match=r"config\.json' is damaged"):
        read_plan(write_plan(tmp_path, settings=settings))
