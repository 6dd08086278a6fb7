"""Distribute the files of a flat folder over workers."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

# (path of the source, path of the result, longest side): resizes one image.
Resize = Callable[[str, str, int], None]


def in_processes(resize: Resize, in_dir: str, out_dir: str, size: str, workers: str, extension: str) -> None:
    """Resize every file in a process pool, with the same chunk size as the first script."""
    os.makedirs(out_dir)
    work = functools.partial(_resize_file, resize, in_dir, out_dir, int(size), extension)
    with ProcessPoolExecutor(int(workers)) as pool:
        list(pool.map(work, sorted(os.listdir(in_dir)), chunksize=8))


def _resize_file(resize: Resize, in_dir: str, out_dir: str, size: int, extension: str, name: str) -> None:
    target = os.path.join(out_dir, f"{os.path.splitext(name)[0]}.{extension}")
    resize(os.path.join(in_dir, name), target, size)


def in_commands(command: list[str], in_dir: str, workers: str) -> None:
    """Run one process of `command` per worker concurrently, each with its share of the paths as arguments.

    Raises:
        subprocess.CalledProcessError: a process failed.
    """
    paths = [os.path.join(in_dir, name) for name in sorted(os.listdir(in_dir))]
    processes = [subprocess.Popen([*command, *share]) for share in shares(paths, int(workers)) if share]
    for process in processes:
        if code := process.wait():
            raise subprocess.CalledProcessError(code, command[0])


def shares(paths: list[str], workers: int) -> list[list[str]]:
    """Split `paths` into `workers` lists of consecutive paths, whose lengths differ by at most one."""
    bounds = [len(paths) * number // workers for number in range(workers + 1)]
    return [paths[start:end] for start, end in itertools.pairwise(bounds)]
