"""How the project is staged for the workers of a job: as a wheel that they need not compile, or as source."""

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from pipeline.cli.options import parse
from pipeline.runners import packages
from tests.support import ROOT
from transforms.imaging import resample

SOURCE = f"--setup_file={ROOT / 'setup.py'}"
PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"

compiled = pytest.mark.skipif(
    not (resample.instruction_sets() and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"),
    reason="no extension for the workers can be compiled here",
)


def flags_of_job(folder: Path, machine_type: str, *flags: str) -> list[str]:
    """Return the flags that stage packages."""
    options = parse(["-i", "gs://b/train", "-o", "gs://mine/x", "--check_jpeg", "--runner", "DataflowRunner", *flags])
    setup = PipelineOptions(list(options.beam_args)).view_as(SetupOptions)
    return list(packages.flags(setup, machine_type, options.config, folder))


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the flags of a job with the default machine type."""
    return flags_of_job(tmp_path_factory.mktemp("staged"), "n2-standard-4")


@compiled
@pytest.mark.slow
def test_x86_workers_get_a_wheel_instead_of_the_source(staged: list[str]) -> None:
    package, requirements = staged
    wheel = Path(package.removeprefix("--extra_package="))
    assert (
        wheel.name == f"downsampled_open_images-{version('downsampled-open-images')}-{PYTHON}-{PYTHON}-linux_x86_64.whl"
    )
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    modules = {
        str(path.relative_to(ROOT)) for name in ("pipeline", "transforms") for path in (ROOT / name).rglob("*.py")
    }
    assert modules | {"image_resizer.py"} == {name for name in names if name.endswith(".py")}
    pins = Path(requirements.removeprefix("--requirements_file=")).read_text()
    packages = ("pillow", "simplejpeg", "pillow-heif", "pillow-jxl-plugin")
    assert pins == "".join(f"{package}=={version(package)}\n" for package in packages)


@compiled
@pytest.mark.slow
def test_the_wheel_needs_no_compiler(staged: list[str], tmp_path: Path) -> None:
    wheel = staged[0].removeprefix("--extra_package=")
    environment = {**os.environ, "CC": "/bin/false", "PYTHONPATH": str(tmp_path)}
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", str(tmp_path), wheel], env=environment, check=True)
    lines = "from transforms.imaging import resample; print(resample.__file__, resample.active_instruction_set())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", lines], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    installed = tmp_path / "transforms" / "imaging" / "resample.py"
    assert done.stdout == f"{installed} {resample.active_instruction_set()}\n"


@pytest.mark.parametrize("machine_type", ["t2a-standard-4", "c4a-standard-4", "n4a-highmem-8", "a4x-highgpu-4g", "z9"])
def test_other_workers_compile_the_source_and_download_packages(machine_type: str, tmp_path: Path) -> None:
    requirements = f"--requirements_file={tmp_path / 'requirements.txt'}"
    assert flags_of_job(tmp_path, machine_type) == [SOURCE, requirements, "--requirements_cache=skip"]
    assert flags_of_job(tmp_path, machine_type, "--requirements_cache", "mine") == [SOURCE, requirements]
    assert [path.name for path in tmp_path.iterdir()] == ["requirements.txt"]


@pytest.mark.slow
def test_without_a_compiler_here_the_workers_compile_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "/bin/false")
    assert flags_of_job(tmp_path, "n2-standard-4")[0] == SOURCE


@compiled
def test_without_the_package_that_builds_the_workers_compile_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "build.py").write_text("raise ModuleNotFoundError('build')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert flags_of_job(tmp_path, "n2-standard-4")[0] == SOURCE


def test_what_the_user_stages_is_not_changed(tmp_path: Path) -> None:
    own = ("--setup_file", "own/setup.py", "--requirements_file", "own.txt")
    assert flags_of_job(tmp_path, "n2-standard-4", *own) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("library", "needed"),
    [(b"", (0, 0)), (b"\0GLIBC_2.2.5\0GLIBC_2.14\0GLIBC_2.4\0", (2, 14)), (b"\0GLIBC_2.38\0", (2, 38))],
)
def test_the_glibc_that_a_library_needs(library: bytes, needed: tuple[int, int]) -> None:
    assert packages.needed_glibc(library) == needed


@compiled
@pytest.mark.slow
def test_an_extension_for_a_newer_glibc_leaves_the_work_to_pillow(tmp_path: Path) -> None:
    """The worker's image may be older than the machine that built the wheel."""
    built = Path(resample._extension().__file__)
    assert packages.needed_glibc(built.read_bytes()) >= (2, 14)  # memcpy
    shutil.copytree(ROOT / "transforms", tmp_path / "transforms", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    newer = built.read_bytes().replace(b"GLIBC_2.14\0", b"GLIBC_2.99\0")
    (tmp_path / "transforms" / "imaging" / built.name).write_bytes(newer)
    lines = (
        "from PIL import Image",
        "from transforms.imaging import resample",
        "try:",
        "    resample._extension()",
        "except ImportError as error:",
        "    print(error)",
        "image = Image.radial_gradient('L')",
        "made = resample.resize(image, (99, 77), Image.Resampling.LANCZOS)",
        "print(resample.active_instruction_set(), made == image.resize((99, 77), Image.Resampling.LANCZOS))",
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    message, outcome = done.stdout.splitlines()
    assert "version `GLIBC_2.99' not found" in message
    assert outcome == "None True"
