"""The Java parts that a run on Flink needs, and the program that starts Beam's workers."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.errors import UsageError

# The version of Flink that Beam's job server (see pom.xml) supports.
FLINK = "1.19"
# Flink 1.19 requires Java 11; it was also tested with 17.
JAVA = 11

INSTALL = "run make install-flink"

# Flink and Beam access packages that Java has closed since version 9.
_OPENED = (
    *("java.lang", "java.util", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.time", "java.text"),
    *("java.lang.reflect", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks"),
)
OPENS = (
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
)

_PROJECT = Path(__file__).resolve().parent.parent.parent.parent
# Where `make install-flink` puts the jars of Beam's job server.
JOB_SERVER = _PROJECT / "build" / "flink" / "lib"
_WORKER = "image_resizer_worker"


def java(launcher: str = "java") -> str:
    """Return the path of Java: `launcher`, or, if that is just "java", the one of JAVA_HOME or else the first on PATH.

    Raises:
        UsageError: Java is missing or too old.
    """
    home = os.environ.get("JAVA_HOME")
    path = shutil.which(launcher, path=f"{home}/bin") if home and launcher == "java" else None
    path = path or shutil.which(launcher)
    if path is None:
        raise UsageError(f"Flink needs Java {JAVA} or later, but {launcher!r} was not found: {INSTALL}")
    version = _java_version(path)
    if version < JAVA:
        found = f"{path} is Java {version}" if version else f"{path} does not report its version"
        raise UsageError(f"Flink needs Java {JAVA} or later, but {found}: install a later version, or set JAVA_HOME")
    return path


def _java_version(path: str) -> int:
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=4, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return java_version(done.stdout + done.stderr)


def java_version(text: str) -> int:
    """Return the major version in the output of `java -version`, such as 8 for 1.8.0_392; 0 if there is none."""
    matched = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(matched[1]) if matched else 0


def flink_jars() -> list[Path]:
    """Return the jars of Flink's own processes: Flink, and its logging library.

    Raises:
        UsageError: they are not installed.
    """
    folder = _flink_folder()
    jars = [*folder.glob(f"flink-dist-{FLINK}.*.jar"), *log_jars()] if folder else []
    if not jars:
        raise UsageError(f"--local_cluster needs the package apache-flink-libraries {FLINK}: {INSTALL}")
    return jars


def log_jars() -> list[Path]:
    """Return the jars of the logging library of Flink and of the job server; empty if it is not installed."""
    folder = _flink_folder()
    return sorted(folder.glob("log4j-*.jar")) if folder else []


def _flink_folder() -> Path | None:
    """Return the folder of the jars of the package apache-flink-libraries, which contains no module to import."""
    spec = importlib.util.find_spec("pyflink")
    folders = [Path(folder) / "lib" for folder in (spec.submodule_search_locations or [])] if spec else []
    return next((folder for folder in folders if folder.is_dir()), None)


def job_server_jars(jar: str | None) -> list[Path]:
    """Return the jars of Beam's job server.

    Args:
        jar: the value of Beam's --flink_job_server_jar, a single jar; None for those of `make install-flink`.

    Raises:
        UsageError: they are missing.
    """
    if jar is not None:
        if not Path(jar).is_file():
            raise UsageError(
                f"--flink_job_server_jar {jar!r} is not a file: use the path of Beam's jar, or leave out the flag"
            )
        return [Path(jar)]
    if not any(JOB_SERVER.glob("beam-runners-flink-*.jar")):
        raise UsageError(f"Beam's job server for Flink is not in {JOB_SERVER}: {INSTALL}, or use --job_endpoint")
    return [JOB_SERVER / "*"]


def beam_jars() -> list[Path]:
    """Return the Beam jars on the classpath of a TaskManager of our own; empty if another job server is used.

    Flink's jars are left out: the job server's copy is older, and a TaskManager has its own.
    """
    return [path for path in sorted(JOB_SERVER.glob("*.jar")) if not path.name.startswith(("flink-", "slf4j-"))]


def worker() -> str:
    """Return the path of the program with which a TaskManager starts a Beam worker.

    Raises:
        UsageError: it is not installed.
    """
    path = Path(sys.executable).with_name(_WORKER)  # not resolved: a virtual environment's Python is a link
    if not path.is_file():
        raise UsageError(f"{path}, which starts Beam's workers, is missing: {INSTALL}")
    return str(path)
