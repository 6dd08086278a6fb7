"""Two runs that use the same OUT."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.pipeline.conftest import Make
from tests.pipeline.test_resume import start, wait_for_markers
from tests.support import jpeg, summary, write_tree

pytestmark = pytest.mark.slow


def test_a_second_run_is_refused_while_the_first_one_lives(make: Make, tmp_path: Path) -> None:
    data = [jpeg(seed, (1500, 1000)) for seed in range(4)]
    source = write_tree(tmp_path / "in", {f"{n:03d}.jpg": data[n % 4] for n in range(120)})
    out = tmp_path / "out"
    args = ("-i", source, "-o", out, "-s", 100, "--images_per_shard", 4)
    first = start(*args)
    wait_for_markers(out, 2)
    for flags in ((), ("--overwrite",), ("--verify",)):
        (refusal,) = make(*args, *flags, expect=2)
        assert re.fullmatch(
            rf"image_resizer: another run is using {str(out)!r} \(process {first.pid} on .+, since \d{{4}}-\d\d-\d\d "
            r"\d\d:\d\d:\d\d UTC\): wait for it to end, or stop it",
            refusal,
        )
    assert first.poll() is None
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    make(*args)
    assert summary(out)["images"]["written"] == 120
    make(*args, "--overwrite")


def test_a_refused_command_does_not_change_the_folder_of_somebody_else(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (9, 9))})
    folder = write_tree(tmp_path / "folder", {"notes.txt": b"mine"})
    make("-i", source, "-o", folder, expect=2)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
