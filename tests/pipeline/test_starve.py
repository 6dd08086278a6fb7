"""A run that lacks a resource ends with one sentence, or reports the images that failed; a later run continues it."""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import transforms.sharding.group
from tests.pipeline.conftest import Make
from tests.pipeline.test_resume import start, wait_for_markers
from tests.support import ROOT, jpeg, photo_tree, rows, snapshot, summary, write_tree
from tests.support.endings import leftovers

pytestmark = pytest.mark.slow

HINT = "; committed shards are kept: fix the cause, and run the same command again to continue"

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = [jpeg(seed, (600, 400)) for seed in range(4)]
    return write_tree(tmp_path_factory.mktemp("in") / "in", {f"p{n:03d}.jpg": data[n % 4] for n in range(120)})


@pytest.fixture(scope="module")
def expected(many: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole") / "out"
    run_to_end(0, *flags(many, out))
    return snapshot(out)


def flags(source: Path, out: Path) -> tuple[object, ...]:
    return ("-i", source, "-o", out, "-s", 128, "--images_per_shard", 10, "-j", 2)


def run_to_end(code: int, *args: object, preexec: Callable[[], None] | None = None) -> list[str]:
    """Run the command in a separate process, check its exit code, and return its messages."""
    command = [sys.executable, str(ROOT / "image_resizer.py"), *map(str, args)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, preexec_fn=preexec, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return [line.split(" | ")[-1] for line in done.stderr.splitlines()]


def assert_only_whole_files(out: Path, expected: dict[str, bytes]) -> None:
    assert all(data == expected[path] for path, data in snapshot(out).items())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "none", disk], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", disk], check=True)


@is_root
def test_a_full_disk(many: Path, expected: dict[str, bytes], small_disk: Path) -> None:
    """The disk is full at the start, while shards are committed, or while the manifest is written."""
    log = small_disk / "run.log"
    whole = sum(map(len, expected.values()))
    for size in (12_000, 100_000, 2 * whole):
        remount(small_disk, f"size={size}")
        if size > whole:
            filler = small_disk / ".filler"
            committed = sum(len(data) for data in snapshot(small_disk).values())
            filler.write_bytes(bytes(max(0, size - committed - whole // 2)))
        shown = run_to_end(1, *flags(many, small_disk), "-l", log)
        if size == 12_000:  # the disk of the log is full, too
            assert f"image_resizer: lines are missing from -l {str(log)!r}: No space left on device" in shown
        assert sum(line.startswith("cannot write ") for line in shown) == 1
        assert f": No space left on device{HINT}" in " ".join(shown)
        (small_disk / ".filler").unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        assert_only_whole_files(small_disk, expected)
    remount(small_disk, "size=50m")
    run_to_end(0, *flags(many, small_disk))
    assert snapshot(small_disk) == expected
    assert leftovers(small_disk) == []


@is_root
def test_a_read_only_out(many: Path, expected: dict[str, bytes], small_disk: Path) -> None:
    remount(small_disk, "size=50m")
    process = start(*flags(many, small_disk))
    wait_for_markers(small_disk, 2)
    process.kill()
    process.communicate()
    before = snapshot(small_disk)
    remount(small_disk, "ro")
    assert run_to_end(2, *flags(many, small_disk)) == [
        f"image_resizer: cannot write '{small_disk}/.run.lock': Read-only file system"
        "; check the path and its permissions"
    ]
    assert run_to_end(2, *flags(many, small_disk / "new")) == [
        f"image_resizer: cannot write '{small_disk}/new/.run.lock': Read-only file system"
        "; check the path and its permissions"
    ]
    assert snapshot(small_disk) == before
    remount(small_disk, "rw")
    run_to_end(0, *flags(many, small_disk))
    assert snapshot(small_disk) == expected


def test_an_out_that_is_removed_during_the_run(many: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    out, removed = tmp_path / "out", tmp_path / "removed"
    process = start(*flags(many, out))
    wait_for_markers(out, 2)
    out.rename(removed)
    shown = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert shown.count("\n") == 1
    assert shown.endswith(f" | {str(out)!r} was removed during the run{HINT}\n")
    assert not out.exists()
    assert_only_whole_files(removed, expected)
    removed.rename(out)
    run_to_end(0, *flags(many, out))
    assert snapshot(out) == expected


@pytest.mark.parametrize("handles", [5, 8, 12, 24])
def test_few_file_handles(many: Path, expected: dict[str, bytes], tmp_path: Path, handles: int) -> None:
    """With fewer handles, more images are left to the next run. With twelve or fewer, no run is possible."""
    out = tmp_path / "out"
    limit_handles = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (handles, handles))  # noqa: E731  # one line of code
    if handles <= 12:
        (shown,) = run_to_end(1, *flags(many, out), preexec=limit_handles)
        assert "Too many open files" in shown
        assert_only_whole_files(out, expected)
    else:
        run_to_end(0, *flags(many, out), preexec=limit_handles)
        assert all(row["error"] == "unreadable" for row in rows(out, "failures"))
        assert summary(out)["images"]["matched"] == 120
    run_to_end(0, *flags(many, out))
    assert snapshot(out) == expected


def test_sources_with_read_errors(make: Make, tmp_path: Path) -> None:
    source, out = photo_tree(tmp_path / "in", 4), tmp_path / "out"
    for name in ("a.jpg", "deep/b.jpg"):
        (source / name).symlink_to("/proc/self/mem")
    make("-i", source, "-o", out, "-s", 16)
    assert [(row["source"], row["error"], row["message"]) for row in rows(out, "failures")] == [
        (name, "unreadable", "the file cannot be read: Input/output error") for name in ("a.jpg", "deep/b.jpg")
    ]
    for name in ("a.jpg", "deep/b.jpg"):
        (source / name).unlink()
    write_tree(source, {"a.jpg": jpeg(8, (90, 60)), "deep/b.jpg": jpeg(9, (90, 60))})
    make("-i", source, "-o", out, "-s", 16)
    make("-i", source, "-o", tmp_path / "fresh", "-s", 16)
    assert snapshot(out) == snapshot(tmp_path / "fresh")


def test_sources_that_change_between_listing_and_reading(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = photo_tree(tmp_path / "in", 6), tmp_path / "out"
    replacement = jpeg(77, (50, 90))
    plan_shards = transforms.sharding.group.plan_shards

    def change_sources(*args: object) -> object:
        """Change the sources after all are listed and before any is read."""
        (source / "p000.jpg").unlink(missing_ok=True)
        (source / "p001.jpg").write_bytes(replacement)
        (source / "p003.jpg").write_bytes(jpeg(3, (120, 80))[:900])
        (source / "p004.jpg").write_bytes(b"")
        return plan_shards(*args)  # type: ignore[arg-type]  # the arguments of the original

    args = ("-i", source, "-s", 16, "--images_per_shard", 2)
    monkeypatch.setattr(transforms.sharding.group, "plan_shards", change_sources)
    make(*args, "-o", out)
    monkeypatch.undo()
    assert {row["source"]: (row["status"], row["reason"]) for row in rows(out, "manifest")} == {
        "deep/er/p002.jpg": ("written", None),
        "deep/er/p005.jpg": ("written", None),
        "p000.jpg": ("failed", "unreadable"),
        "p001.jpg": ("written", None),
        "p003.jpg": ("failed", "truncated"),
        "p004.jpg": ("failed", "empty-file"),
    }
    assert next(row for row in rows(out, "manifest") if row["source"] == "p001.jpg")["source_bytes"] == len(replacement)
    for _ in range(2):  # with the changed sources, then with the original ones
        make(*args, "-o", out)
        fresh = tmp_path / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        make(*args, "-o", fresh)
        assert snapshot(out) == snapshot(fresh)
        photo_tree(source, 6)


def without_privileges() -> None:
    """Drop root's right to ignore the permissions of files."""
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    for capability in (dac_override, dac_read_search) if os.geteuid() == 0 else ():
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


def test_without_permission(tmp_path: Path) -> None:
    source, out = photo_tree(tmp_path / "in", 6), tmp_path / "out"
    write_tree(source, {"closed/c.jpg": jpeg(7, (90, 60))})
    args = ("-i", source, "-o", out, "-s", 16)
    (source / "closed").chmod(0)
    (source / "p000.jpg").chmod(0)
    shown = run_to_end(0, *args, preexec=without_privileges)
    closed = str(source / "closed")
    assert f"{closed!r} cannot be listed (Permission denied): its files are skipped" in shown
    (failure,) = rows(out, "failures")
    assert (failure["source"], failure["message"]) == ("p000.jpg", "the file cannot be read: Permission denied")

    (source / "closed").chmod(0o755)
    (source / "p000.jpg").chmod(0o644)
    (out / "deep" / "er").chmod(0o500)
    (source / "deep" / "er" / "p002.jpg").touch()
    shown = run_to_end(1, *args, preexec=without_privileges)
    assert shown[-1].endswith(f": Permission denied{HINT}")
    (out / "deep" / "er").chmod(0o700)
    run_to_end(0, *args, preexec=without_privileges)
    run_to_end(0, *args[:3], tmp_path / "fresh", *args[4:])
    assert snapshot(out) == snapshot(tmp_path / "fresh")

    (source / "closed").chmod(0)
    before = snapshot(out)
    assert run_to_end(2, *args, preexec=without_privileges)[-1] == (
        f"image_resizer: {closed!r} cannot be listed (Permission denied), and the outputs of its images would be "
        "deleted: make it readable, or use another -o"
    )
    source.chmod(0)
    assert run_to_end(2, *args, preexec=without_privileges) == [
        f"image_resizer: -i {str(source)!r} cannot be read (Permission denied): make it readable, or use another folder"
    ]
    source.chmod(0o755)
    assert snapshot(out) == before
    (source / "closed").chmod(0o755)

    out.chmod(0o500)
    assert run_to_end(2, *args, preexec=without_privileges) == [
        f"image_resizer: cannot write '{out}/.run.lock': Permission denied; check the path and its permissions"
    ]
