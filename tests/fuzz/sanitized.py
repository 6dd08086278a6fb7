"""The extension `_resample`, compiled with sanitizers and loaded instead of the installed one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import transforms.imaging

NATIVE = Path(transforms.imaging.__file__).with_name("native")
MODULE = "transforms.imaging._resample"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
SANITIZERS = ("-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def compiler() -> str | None:
    """Return gcc, or None if it is missing. Its sanitizer must be loaded before Python, in a compiler-specific way."""
    return shutil.which("gcc")


def build(folder: Path, *options: str) -> Path:
    """Compile the extension into a folder without warnings, and return its path.

    Raises:
        RuntimeError: the compilation failed. The message is the output of the compiler.
    """
    library = folder / "_resample.so"
    include = sysconfig.get_paths()["include"]
    sources = sorted(str(path) for path in NATIVE.glob("*.c"))
    command = [compiler() or "gcc", "-shared", "-fPIC", "-ffp-contract=off", f"-I{include}", *WARNINGS, *options]
    ended = subprocess.run([*command, *sources, "-o", str(library), "-lm"], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"gcc does not compile {NATIVE}:\n{ended.stderr}")
    return library


def load(path: Path) -> None:
    """Load a compiled extension, before anything loads the installed one."""
    spec = importlib.util.spec_from_file_location(MODULE, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[MODULE] = module
    transforms.imaging._resample = module  # `from transforms.imaging import _resample`


def environment() -> dict[str, str]:
    """Return the environment in which Python can load it. Leaks are ignored, because Python itself has some."""
    located = subprocess.run(
        [compiler() or "gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    )
    return {**os.environ, "LD_PRELOAD": located.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
