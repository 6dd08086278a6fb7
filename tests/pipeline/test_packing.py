"""A complete local OUT contains only the folders of its images, however the run that packs its state ends."""

import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import Make
from tests.pipeline.test_starve import is_root, remount, small_disk
from tests.support import ROOT, jpeg, snapshot, write_tree
from tests.support.state import markers
from transforms.dataset import state

pytestmark = pytest.mark.slow

__all__ = ["small_disk"]  # a fixture

# Runs the command. From the start of packing, counts file operations and SQLite statements. When the count reaches the
# first argument, a number, ends with the signal that the second argument names.
STOPPED = """
import os, signal, sqlite3, sys
import pipeline.run
from pipeline.terminal.signals import exit_on_signal
from transforms.dataset import state
left, number = int(sys.argv[1]), getattr(signal, sys.argv[2])
packing = False
def count(*_):
    global left
    left -= packing
    if left == 0:
        os.kill(os.getpid(), number)
def begin(out_dir, pack=state.pack):
    global packing
    packing = True
    if sys.argv[3]:
        with open(sys.argv[3], "wb", 0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass
    pack(out_dir)
    print("packed")
def connect(*args, connect=sqlite3.connect, **kwargs):
    connection = connect(*args, **kwargs)
    connection.set_trace_callback(count)
    return connection
state.pack, sqlite3.connect = begin, connect
events = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree")
sys.addaudithook(lambda event, _: count() if event in events else None)
exit_on_signal()
sys.exit(pipeline.run.main(sys.argv[4:]))
"""


def stopped(step: int, number: str, *args: object, filler: object = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", STOPPED, str(step), number, str(filler), *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def args(tmp_path: Path) -> tuple[object, ...]:
    source = write_tree(tmp_path / "in", {f"{'c/' * (n % 2)}{n}.jpg": jpeg(n, (40, 30)) for n in range(6)})
    return ("-i", source, "-o", tmp_path / "out", "-s", 16, "--images_per_shard", 2)


def folders(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_dir()}


def test_what_a_link_in_place_of_the_state_leads_to_is_kept(
    make: Make, args: tuple[object, ...], tmp_path: Path
) -> None:
    make(*args)
    other = write_tree(tmp_path / "other", {"a.jpg": b"photo", "x/b.jpg": b"photo"})
    (tmp_path / "out" / ".run").symlink_to(other)
    before = snapshot(tmp_path / "out")
    for flags in ((), ("--overwrite",)):
        (shown,) = make(*args, *flags, expect=2)
        assert shown.startswith(f"image_resizer: {str(tmp_path / 'out' / '.run')!r} is a link: replace it with")
    assert snapshot(other) == {"a.jpg": b"photo", "x/b.jpg": b"photo"}
    assert snapshot(tmp_path / "out") == before


def test_a_complete_out_holds_only_folders_of_images(make: Make, args: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(*args)
    first, made = snapshot(out), markers(out)
    assert (folders(out), [path.name for path in out.glob(".*")]) == ({"c"}, [".run.sqlite"])
    for flags in ((), ("--verify",), ("--verify", "full"), ("--estimate",)):
        make(*args, *flags)
        assert (folders(out), [path.name for path in out.glob(".*")]) == ({"c"}, [".run.sqlite"])
    assert (snapshot(out), markers(out)) == (first, made)
    make(*args, "--overwrite")
    assert (folders(out), snapshot(out)) == ({"c"}, first)
    assert not set(markers(out).items()) & set(made.items())


@pytest.mark.parametrize("number", ["SIGKILL", "SIGINT"])
def test_a_run_that_was_stopped_while_it_packed_is_continued(
    make: Make, args: tuple[object, ...], tmp_path: Path, number: str
) -> None:
    """Stop it at every fifth step, alternately in the first run of a dataset and in one that adds to it."""
    out, source = tmp_path / "out", tmp_path / "in"
    make(*args[:2], "-o", tmp_path / "whole", *args[4:])
    whole = snapshot(tmp_path / "whole")
    stops = 0
    for step in range(1, 1000, 5):
        shutil.rmtree(out, ignore_errors=True)
        if step % 2:
            moved = (source / "c" / "1.jpg").rename(tmp_path / "1.jpg")
            make(*args)
            moved.rename(source / "c" / "1.jpg")
        done = stopped(step, number, *args)
        if done.returncode == 0:
            assert done.stdout == "packed\n"
            break
        stops += 1
        assert done.returncode == (-signal.SIGKILL if number == "SIGKILL" else 128 + signal.SIGINT), done.stderr
        if number == "SIGINT":
            last = "image_resizer: stopped by SIGINT; run the same command again to continue"
            assert done.stderr.splitlines()[-1] == last
        assert snapshot(out) == whole
        made = markers(out)
        assert "nothing to do: all 6 images were already committed, and none was read" in make(*args)
        assert (snapshot(out), markers(out), folders(out)) == (whole, made, {"c"})
    assert stops > 5


@pytest.mark.parametrize("begun", [False, True])
@is_root
def test_a_disk_that_is_full_when_a_run_packs(
    make: Make, args: tuple[object, ...], small_disk: Path, begun: bool
) -> None:
    remount(small_disk, "size=8m")
    args = (*args[:2], "-o", small_disk / "out", *args[4:])
    out, filler = small_disk / "out", small_disk / "filler"
    if begun:
        make(*args)
        write_tree(Path(str(args[1])), {f"more/{n}.jpg": jpeg(n, (40, 30)) for n in range(40)})
    done = stopped(10**9, "SIGKILL", *args, filler=filler)
    assert done.returncode == 0, done.stderr
    assert re.search(
        rf"WARNING \| the dataset is complete, but its folder \.run could not be removed: "
        rf"cannot write '{out}/\.run\.sqlite': "
        rf"{'database or disk is full' if begun else 'No space left on device'}",
        done.stderr.splitlines()[-1],
    )
    assert sorted(path.name for path in out.glob(".*")) == [".run", *([".run.sqlite"] if begun else [])]
    filler.unlink()
    whole, made = snapshot(out), markers(out)
    assert any("nothing to do" in line for line in make(*args))
    assert (snapshot(out), markers(out)) == (whole, made)
    assert [path.name for path in out.glob(".*")] == [".run.sqlite"]


def test_what_overwrite_had_begun_to_delete_is_not_continued(
    make: Make, args: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    make(*args)
    whole = snapshot(out)

    def interrupted(_out_dir: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(state, "delete_all", interrupted)
        make(*args, "--overwrite", expect=130)
    assert snapshot(out) == {}
    for flags in ((), ("--verify",), ("--estimate",)):
        assert make(*args, *flags, expect=2) == [
            f"image_resizer: {str(out)!r} contains part of a dataset that a run with --overwrite started to delete: "
            "use --overwrite again, or another -o"
        ]
    make(*args, "--overwrite")
    assert snapshot(out) == whole


@pytest.fixture
def _locks_files_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to lock folders, like NFS."""

    def flock(descriptor: int, operation: int, lock: Callable[[int, int], Any] = fcntl.flock) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EBADF, "Bad file descriptor")
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.usefixtures("_locks_files_only")
def test_a_file_is_locked_where_no_folder_can_be(make: Make, args: tuple[object, ...], tmp_path: Path) -> None:
    out = write_tree(tmp_path / "out", {".run.lock": b"process 1 on here"})
    with open(out / ".run.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (refusal,) = make(*args, expect=2)
    assert refusal == (
        f"image_resizer: another run is using {str(out)!r} (process 1 on here): wait for it to end, or stop it"
    )
    assert not any("cannot be locked" in line for line in make(*args))
    assert folders(out) == {"c"}
