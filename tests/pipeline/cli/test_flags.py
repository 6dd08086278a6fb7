"""Every flag is declared once: its default is that of the setting, and --help and docs/flags.md describe it."""

import argparse
import re
import subprocess
import sys

import pytest
from PIL import features

from pipeline.cli.defaults import SETTINGS
from pipeline.cli.flags import parser_and_groups
from pipeline.cli.flags_page import page
from pipeline.cli.version import version_lines
from tests.support import ROOT
from transforms.imaging import resample

PAGE = ROOT / "docs" / "flags.md"


def actions() -> list[argparse.Action]:
    return [action for group in parser_and_groups()[1] for action in group.actions]


def test_the_page_is_generated_from_the_flags() -> None:
    assert PAGE.read_bytes() == page().encode(), "run make docs"


def test_every_flag_is_on_the_page() -> None:
    cells = [line.split(" | ")[0] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    flags = [re.findall(r"`(--?\w+)`", cell) for cell in cells]
    assert flags == [list(action.option_strings) for action in actions()]


def test_every_table_of_the_page_has_three_cells_a_row() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


@pytest.mark.parametrize("command", [["image_resizer.py"], ["-m", "pipeline"]])
def test_help_describes_every_flag(command: list[str]) -> None:
    shown = subprocess.run([sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(flag in shown.stdout for action in actions() for flag in action.option_strings)
    assert all(action.help for action in actions())


def test_the_default_of_a_flag_is_that_of_its_setting() -> None:
    flags = {action.dest: action for action in actions()}
    unset = {"algorithm", "reducing_gap"}  # None, to detect whether the user has set them
    for name in flags.keys() & SETTINGS.keys() - unset:
        assert flags[name].default == (None if SETTINGS[name] == "" else SETTINGS[name])
    assert flags["size"].default == [list(SETTINGS["sizes"])]
    assert all(str(SETTINGS[name]) in str(flags[name].help) for name in unset)
    own = {"sizes", "card", "list_columns", "may_hold_archives", "process_per_core", "unread", "web"}
    assert SETTINGS.keys() - flags.keys() == own


def test_help_shows_the_default_where_there_is_one() -> None:
    shown = {action.dest: action.help or "" for action in actions() if action.default not in (None, False)}
    for name in ("h", "help", "version"):
        del shown[name]
    assert [name for name, text in shown.items() if "(default: " not in text] == []


def test_version_names_the_program_and_its_libraries() -> None:
    command = [sys.executable, "image_resizer.py", "--version"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names, versions = zip(*(line.split(" ", 1) for line in shown.splitlines()), strict=True)
    assert names == (
        "image_resizer",
        "resampling",
        "pillow",
        "libjpeg-turbo",
        "pillow-heif",
        "pillow-jxl-plugin",
        "apache-beam",
        "python",
    )
    declared = re.findall(r'^    version="(.*)"', (ROOT / "setup.py").read_text(encoding="utf-8"), re.MULTILINE)
    resampling = resample.active_instruction_set() or "pillow"
    assert list(versions[:4]) == [*declared, resampling, features.version("pil"), features.version("libjpeg_turbo")]


def test_version_loads_no_beam() -> None:
    code = (
        "import sys; from pipeline.cli.version import version_lines; version_lines()\n"
        "print(any(name.startswith('apache_beam') for name in sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"
    assert f"apache-beam {__import__('apache_beam').__version__}" in version_lines()
