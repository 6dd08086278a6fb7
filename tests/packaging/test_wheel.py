"""The wheel contains every file of the program, and the installed program works without the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT, photo_tree

pytestmark = pytest.mark.slow


def modules(folder: Path) -> set[str]:
    """Return the modules of both packages, as paths relative to `folder`."""
    return {
        str(path.relative_to(folder))
        for package in ("pipeline", "transforms")
        for path in (folder / package).rglob("*.py")
    }


def python(installed: Path, folder: Path, *args: object) -> subprocess.CompletedProcess[str]:
    """Run the interpreter in `folder`, with the installed package and without the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, *map(str, args)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_wheel_holds_every_module_and_every_data_file(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert modules(ROOT) - names == set()
    assert {
        *("pipeline/py.typed", "transforms/py.typed"),
        *("pipeline/report/templates/report.html.jinja", "pipeline/estimate/prices.json"),
    } <= names
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"image_resizer.py", "pipeline", "transforms"}


def test_package_data_names_every_file_that_is_not_a_module(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {
        str(path.relative_to(ROOT))
        for package in ("pipeline", "transforms")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".c", ".h")  # compiled into it
    }
    assert files - names == set()


def test_the_installed_package_runs_instead_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "import image_resizer as i, pipeline as p, transforms as t; print(i.__file__, *p.__path__, *t.__path__)"
    shown = python(installed, tmp_path, "-c", code)
    assert shown.stdout.split() == [str(installed / name) for name in ("image_resizer.py", "pipeline", "transforms")]


def test_the_installed_command_makes_a_dataset_with_its_report(installed: Path, tmp_path: Path) -> None:
    photo_tree(tmp_path / "photos", 3)
    done = python(installed, tmp_path, "-m", "pipeline", "-i", "photos", "-o", "out", "-s", 32)
    assert done.returncode == 0, done.stderr
    assert "report.html was not written" not in done.stderr
    assert "<title>" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 3


def test_the_installed_command_reads_its_prices(installed: Path, tmp_path: Path) -> None:
    photo_tree(tmp_path / "photos", 3)
    done = python(installed, tmp_path, "-m", "pipeline", "-i", "photos", "-s", 32, "--estimate", 2)
    assert done.returncode == 0, done.stderr
    assert "list prices of" in done.stdout


def test_a_type_checker_reads_the_installed_annotations(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(
        "from transforms.imaging import ResizeSpec, process_image\n"
        "data: bytes = process_image(b'', ResizeSpec(sizes=(512,))).data(512)\n"
        "wrong: str = process_image(b'', ResizeSpec(sizes=(512,))).data(512)\n"
    )
    (tmp_path / "mypy.ini").write_text("[mypy]\nfollow_imports = silent\n")
    checked = python(installed, tmp_path, "-m", "mypy", "--no-incremental", "use.py")
    assert checked.stdout.splitlines() == [
        'use.py:3: error: Incompatible types in assignment (expression has type "bytes", variable has type "str")  '
        "[assignment]",
        "Found 1 error in 1 file (checked 1 source file)",
    ], checked.stderr
