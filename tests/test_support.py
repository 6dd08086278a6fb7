"""The code that tests and benchmarks share, and which modules may import it."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT


def test_photographs_need_no_dependencies_of_tests() -> None:
    # `make resize` generates photographs even if only the program is installed.
    code = (
        "import sys, benchmarks.photos, tests.support.endings\n"
        "names = {name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names\n"
        "print(*sorted(name for name in names if not name.startswith('_')))"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}\n{code}"]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == ["PIL", "benchmarks", "tests", "transforms"]


def test_a_tree_and_a_flat_folder_hold_the_same_photographs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.photos"]
    subprocess.run([*command, tmp_path / "tree", "3"], cwd=ROOT, check=True)
    subprocess.run([*command, tmp_path / "flat", "3", "--flat"], cwd=ROOT, check=True)
    tree, flat = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.jpg")}
        for folder in (tmp_path / "tree", tmp_path / "flat")
    )
    assert sorted(tree) == ["harbour/photo001.jpg", "photo000.jpg", "photo002.jpg"]
    assert sorted(flat) == ["photo000.jpg", "photo001.jpg", "photo002.jpg"]
    assert sorted(tree.values()) == sorted(flat.values())


def test_only_the_tests_of_benchmarks_import_benchmarks() -> None:
    # The code that other tests share with benchmarks is in tests/support.
    importing = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.partition(".")[0] == "benchmarks" for name in names):
                importing.append(path.relative_to(ROOT).parts[:2])
    assert set(importing) == {("tests", "benchmarks")}
