"""Two runs on one OUT."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.pipeline.conftest import Make
from tests.pipeline.test_resume import start, wait_for_markers
from tests.support import jpeg, summary, write_tree

pytestmark = pytest.mark.slow


def test_the_second_is_refused_while_the_first_lives(make: Make, tmp_path: Path) -> None:
    data = [jpeg(seed, (1500, 1000)) for seed in range(4)]
    source = write_tree(tmp_path / "in", {f"{n:03d}.jpg": data[n % 4] for n in range(120)})
    out = tmp_path / "out"
    args = ("-i", source, "-o", out, "-s", 100, "--images_per_shard", 4)
    first = start(*args)
    wait_for_markers(out, 2)
    for more in ((), ("--overwrite",), ("--verify",)):
        (refusal,) = make(*args, *more, expect=2)
        assert re.fullmatch(
            rf"image_resizer: another run is at work on {str(out)!r} \(process {first.pid} on .+, since "
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\): wait for its end, or end it",
            refusal,
        )
    assert first.poll() is None
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    make(*args)
    assert summary(out)["images"]["written"] == 120
    make(*args, "--overwrite")
    assert (out / "_run" / "lock").exists()  # it is what two runs meet at


def test_a_refused_command_leaves_a_strangers_folder_as_it_is(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (9, 9))})
    stranger = write_tree(tmp_path / "theirs", {"notes.txt": b"mine"})
    make("-i", source, "-o", stranger, expect=2)
    assert [path.name for path in stranger.iterdir()] == ["notes.txt"]
