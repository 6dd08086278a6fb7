"""README.md, CONTRIBUTING.md and docs/ describe the tree correctly."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support import ROOT

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = {
    path.name: path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"))
}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

# The rooms of both packages, in the order of the tables that describe them: a room imports only from rooms above it.
FLOORS = re.findall(r"^\| `((?:transforms|pipeline)/[\w/]+)(?:\.py)?` \|", ARCHITECTURE, re.MULTILINE)


def room_of(module: str) -> str:
    """Return the room of a module, such as transforms/imaging."""
    return "/".join(module.split(".")[:2])


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, at its top level or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            package = node.module in ("transforms", "pipeline")
            yield from (f"{node.module}.{alias.name}" if package else node.module for alias in node.names)


def sources() -> list[Path]:
    """Return the modules of all rooms. The `__init__.py` of a package belongs to none."""
    return [
        path
        for package in ("transforms", "pipeline")
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.parent.parent != ROOT or path.stem != "__init__"
    ]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_every_room_is_described() -> None:
    found = {room_of(module_of(path)) for path in sources()}
    assert sorted(FLOORS) == sorted(found)


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_a_room_imports_from_those_above_it(path: Path) -> None:
    floor = FLOORS.index(room_of(module_of(path)))
    ours = {name for name in imported(path) if name.partition(".")[0] in ("transforms", "pipeline")}
    assert {room_of(name) for name in ours} - set(FLOORS[: floor + 1]) == set()


def named_paths(text: str) -> set[str]:
    """Return the paths in backticks in a text, without patterns and files of OUT."""
    folders = r"(?:pipeline|transforms|tests|benchmarks|docs)/[\w/.-]*"
    files = r"(?!\.run/)[\w./-]+\.(?:py|md|toml|json|sh|c)"
    named = re.findall(rf"`({folders}|{files})`", text)
    written = {"croissant.json", "summary.json", "SHARD.json", "classes.json", "coco.json"}
    return {name for name in named if name not in {*written, "bbox_labels_600_hierarchy.json"}}


def test_the_paths_of_a_text_are_found() -> None:
    text = "`imaging/jpeg.py`, `tests/dataflow`, `.run/config.json`, `summary.json`, `setup.py` and `make.py --all`"
    assert named_paths(text) == {"imaging/jpeg.py", "tests/dataflow", "setup.py"}


@pytest.mark.parametrize(("page", "least"), [("architecture.md", 100), ("guarantees.md", 30), ("CONTRIBUTING.md", 10)])
def test_pages_about_the_tree_name_paths(page: str, least: int) -> None:
    assert len(named_paths(PAGES[page])) >= least


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_named_path_exists(page: str) -> None:
    """The guarantees name tests by their paths relative to tests/, as their first sentence says."""
    bases = (ROOT, ROOT / "tests") if page == "guarantees.md" else (ROOT,)
    named = {name.replace("NAME.py", "files.py") for name in named_paths(PAGES[page])}
    assert {name for name in named if not any((base / name).exists() for base in bases)} == set()


@pytest.mark.parametrize("document", ["architecture.md", "python.md"])
def test_every_linked_file_exists(document: str) -> None:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_named_target_of_make_exists() -> None:
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", CONTRIBUTING, re.MULTILINE))
    assert {"lint", "test", "test-fast"} <= named
    assert named - set(re.findall(r"^([a-z][a-z-]+):", MAKEFILE, re.MULTILINE)) == set()


def test_the_pre_commit_hooks_run_the_commands_of_make_lint() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    lint = MAKEFILE[MAKEFILE.index("\nlint:") :].split("\n\n")[0]
    assert {entry_of(line) for line in lint.splitlines() if "$(BIN)/" in line} == {
        hook["entry"].removeprefix(".venv/bin/").replace(" --force-exclude", "") for hook in hooks
    }


def entry_of(line: str) -> str:
    """Return a command of `make lint` without the files that it checks."""
    words = line.strip().removeprefix("$(BIN)/").split()
    return " ".join(word for word in words if re.fullmatch(r"[a-z-]+", word))
