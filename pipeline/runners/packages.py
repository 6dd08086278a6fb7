"""The packages that Dataflow workers install: this project, and the versions that determine an output's bytes.

The project is staged as a wheel if the workers can certainly load its C extension. Otherwise it is staged as source,
which they compile. It is never staged as both: the source would be installed last, and compiled in any case.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

from apache_beam.options.pipeline_options import SetupOptions

from pipeline.errors import UsageError
from transforms.dataset.settings import versions
from transforms.imaging.extras import EXTRAS
from transforms.model.config import ResizeConfig
from transforms.storage.s3 import is_object

# The suffix of an extension that workers can load: their image has this minor version of Python, and glibc.
_SUFFIX = f".cpython-{sys.version_info.major}{sys.version_info.minor}-x86_64-linux-gnu.so"
# Machine types that are x86-64. Workers on another processor would refuse the wheel, and the job would fail.
_X86_64 = re.compile(r"([cmn][0-9]+d?|e2|t2d|custom)-.+")
# The version of glibc that Linux distributions since 2014 have, or a later one.
_GLIBC = (2, 17)


def flags(setup: SetupOptions, machine_type: str, config: ResizeConfig, folder: Path) -> Iterator[str]:
    """Yield the flags that stage the project and the packages, unless the user's flags stage others.

    Args:
        setup: the user's options.
        machine_type: the machine type of the workers.
        config: the dataset.
        folder: a temporary folder for files that Beam reads during submission.

    Raises:
        UsageError: there is no project to stage.
    """
    is_x86_64 = bool(_X86_64.fullmatch(machine_type))
    if not setup.setup_file:
        setup_file = Path(__file__).resolve().parent.parent.parent / "setup.py"
        if not setup_file.is_file():
            raise UsageError(
                "setup.py, which packages the project for the workers, is missing: run the command from a checkout of "
                "the project, or pass an image that contains it with --sdk_container_image"
            )
        wheel = _wheel(setup_file.parent, folder) if is_x86_64 else None
        yield f"--extra_package={wheel}" if wheel else f"--setup_file={setup_file}"
    if not setup.requirements_file:
        path = folder / "requirements.txt"
        path.write_text(requirements({**versions(config), **_clients(config)}), encoding="utf-8")
        yield f"--requirements_file={path}"
        if not is_x86_64 and not setup.requirements_cache:
            yield "--requirements_cache=skip"  # Beam stages wheels for x86-64; now workers download their own


def requirements(versions: dict[str, str]) -> str:
    """Return a requirements file for pip that pins the packages among `versions`."""
    packages = ("pillow", "simplejpeg", *(extra.distribution for extra in EXTRAS), "pyarrow", "boto3")
    return "".join(f"{name}=={versions[name]}\n" for name in packages if name in versions)


def _clients(config: ResizeConfig) -> dict[str, str]:
    """Return package -> version for the store clients that the workers need in addition to Google's."""
    if any(map(is_object, config.places)) or any(split.is_list for split in config.splits):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # in that case, no list has such a path
            return {"boto3": importlib.metadata.version("boto3")}
    return {}


def _wheel(project: Path, folder: Path) -> Path | None:
    """Build a wheel with an extension that x86-64 workers can load. Return None if this machine cannot build it."""
    if sysconfig.get_config_var("EXT_SUFFIX") != _SUFFIX:
        return None
    # The wheel is built from the sdist, so that it does not contain old files of build/.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(project)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    (wheel,) = folder.glob("*.whl")
    extension = f"transforms/imaging/_resample{_SUFFIX}"
    with zipfile.ZipFile(wheel) as archive:
        is_compiled = extension in archive.namelist()  # without a compiler, the wheel does not contain it
        return wheel if is_compiled and needed_glibc(archive.read(extension)) <= _GLIBC else None


def needed_glibc(library: bytes) -> tuple[int, int]:
    """Return the lowest version of glibc that can load a library; (0, 0) for any."""
    needed = re.findall(rb"GLIBC_([0-9]+)\.([0-9]+)", library)
    return max(((int(major), int(minor)) for major, minor in needed), default=(0, 0))
