"""A dataset keeps the defaults with which it was started."""

import dataclasses
from typing import Any

import pytest

from transforms.dataset import old_defaults
from transforms.dataset.old_defaults import keep_old_defaults
from transforms.dataset.plan import Plan
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig, Split

NEW = ResizeConfig((Split("train", "/photos/**", "/photos"),), "/out", ResizeSpec(), "files", 100, 1)


def plan(name: str = "train", pattern: str = "/photos/**", **settings: Any) -> Plan:
    return Plan({name: pattern}, {"split": [name], **settings}, {name: 1})


def with_spec(**settings: Any) -> ResizeConfig:
    return dataclasses.replace(NEW, spec=dataclasses.replace(NEW.spec, **settings))


def test_the_old_orientation_is_kept_unless_the_flag_is_given() -> None:
    old = plan(orientation="stored")
    assert keep_old_defaults(NEW, old, {"in_dir", "split"}) == with_spec(orientation="stored")
    assert keep_old_defaults(NEW, old, {"orientation"}) == NEW
    assert keep_old_defaults(NEW, plan(orientation="exif"), ()) == NEW
    assert keep_old_defaults(NEW, plan(), ()) == NEW


def test_any_setting_of_an_image_may_get_another_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(old_defaults.OLD_DEFAULTS, "quality", 60)
    old = plan(quality=60, orientation="stored")
    assert keep_old_defaults(NEW, old, ()) == with_spec(quality=60, orientation="stored")
    assert keep_old_defaults(with_spec(quality=61), old, {"quality"}) == with_spec(quality=61, orientation="stored")
    assert keep_old_defaults(NEW, plan(quality=61), ()) == NEW  # it was passed then and must be passed again


def test_the_old_name_of_a_single_split_is_kept_unless_the_flag_is_given() -> None:
    old = plan("photos")
    assert keep_old_defaults(NEW, old, ()).splits == (Split("photos", "/photos/**", "/photos"),)
    assert keep_old_defaults(NEW, old, {"split"}) == NEW
    assert keep_old_defaults(NEW, plan("photos", "/others/**"), ()) == NEW


def test_the_names_of_several_splits_are_those_of_the_command() -> None:
    two = dataclasses.replace(NEW, splits=(*NEW.splits, Split("val", "/val/**", "/val")))
    old = Plan({"a": "/photos/**", "b": "/val/**"}, {}, {"a": 1, "b": 1})
    assert keep_old_defaults(two, old, ()) == two
    assert keep_old_defaults(NEW, old, ()) == NEW
    assert keep_old_defaults(two, plan("photos"), ()) == two
