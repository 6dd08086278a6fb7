import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.options import parse
from pipeline.loading import is_local
from tests.support import ROOT

RUN = """
import sys
from transforms.compat import OPTIONAL
{start}
print(code, *(name for name in OPTIONAL if name in sys.modules))
"""
ALONE = "from pipeline.__main__ import main; sys.argv[1:] = {args!r}; code = main()"
SHARED = "from pipeline.run import main; code = main({args!r})"


def loaded_by(start: str, *args: object) -> list[str]:
    """Run the command in a new interpreter. Return its exit code, and the optional parts of Beam that it loaded."""
    code = RUN.format(start=start.format(args=[str(arg) for arg in args]))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--layout", "webdataset", "--log_level", "debug")], ids=["files", "webdataset"])
def test_a_local_run_loads_no_optional_part_of_beam(photos: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    assert loaded_by(ALONE, "-i", photos, "-o", tmp_path / "out", "-s", 16, *flags) == ["0"]


@pytest.mark.slow
def test_a_process_that_may_run_other_commands_loads_all_of_beam(photos: Path, tmp_path: Path) -> None:
    loaded = loaded_by(SHARED, "-i", photos, "-o", tmp_path / "out", "-s", 16)
    assert {"0", "apache_beam.io.gcp", "google.auth", "pymongo"} <= set(loaded)


@pytest.mark.slow
def test_a_local_run_with_a_flag_about_a_store_loads_all_of_beam(photos: Path, tmp_path: Path) -> None:
    flags = ("--temp_location", "gs://bucket/tmp")
    loaded = loaded_by(ALONE, "-i", photos, "-o", tmp_path / "out", "-s", 16, *flags)
    assert {"0", "apache_beam.io.gcp", "google.auth", "pymongo"} <= set(loaded)


@pytest.mark.parametrize(
    ("args", "local"),
    [
        ([], True),
        (["-o", "gs://bucket/out"], False),
        (["-i", "gs://bucket/in"], False),
        (["-i", "{photos}", "gs://bucket/in"], False),
        (["--columns", "gs://bucket/table.csv"], False),
        (["--attribution", "gs://bucket/table.csv"], False),
        (["--temp_location=gs://bucket/tmp"], False),
        (["--temp_location", "gs://bucket/tmp"], False),
        (["--job_name", "a-job"], True),
        (["--runner", "FnApiRunner"], True),
        (["--runner", "PrismRunner"], False),
    ],
)
def test_a_command_is_local_if_all_its_places_are(photos: Path, tmp_path: Path, args: list[str], local: bool) -> None:
    given = [arg.format(photos=photos) for arg in args]
    source = [] if "-i" in given else ["-i", str(photos)]
    assert is_local(parse([*source, "-o", str(tmp_path / "out"), *given])) is local
