import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.mark.parametrize(
    "module",
    [
        "transforms.imaging.resize",
        "transforms.model.keys",
        "transforms.layouts",
        "transforms.dataset",
        "pipeline.run",
        "pipeline.report.write",
    ],
)
def test_these_modules_load_without_beam(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in sys.modules if name.startswith('apache_beam')))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""


def test_the_core_needs_pillow_and_the_standard_library_only() -> None:
    code = (
        "import sys, transforms.imaging.resize, transforms.model.keys\n"
        "names = {name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names\n"
        "print(*sorted(name for name in names if not name.startswith('_')))"
    )
    loaded = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}\n{code}"],
                            cwd=ROOT, capture_output=True, text=True, check=True)  # fmt: skip
    assert loaded.stdout.split() == ["PIL", "transforms"]


def test_transforms_do_not_import_the_command_and_the_core_does_not_import_transforms() -> None:
    for path in (ROOT / "transforms").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "from pipeline" not in text, path
        assert "import pipeline" not in text, path
        if "imaging" in path.parts:
            assert "apache_beam" not in text, path
            assert all("transforms.imaging" in line for line in text.splitlines() if line.startswith("from transforms"))
