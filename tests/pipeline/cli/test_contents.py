"""The check of the inputs before a run."""

import os
from pathlib import Path

import pytest

from pipeline.cli.contents import Checked, Problem, with_checked
from pipeline.cli.options import parse
from tests.support import jpeg, write_tree


def test_a_link_whose_target_cannot_be_read_is_a_problem_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below /proc, another user's links cannot be read."""
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (8, 8))})
    (source / "cwd").symlink_to("nowhere")

    def refuse(path: str, **_options: object) -> str:
        raise PermissionError(13, os.strerror(13), path)

    monkeypatch.setattr(os, "readlink", refuse)
    config = parse(["-i", str(source), "-o", str(tmp_path / "out")]).config
    problem = Problem(str(source / "cwd"), "is a broken link", "skipped")
    assert with_checked(config, Checked([problem], False)).unread.examples == ("'cwd' is a broken link",)
