"""The files of a flat folder, spread over workers."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

# Writes one image: source, target, size.
Resize = Callable[[str, str, int], None]


def in_processes(resize: Resize, in_dir: str, out_dir: str, size: str, workers: str, extension: str) -> None:
    """Resizes every file in a process pool, which hands out as many at once as the reference's."""
    os.makedirs(out_dir)
    work = functools.partial(_one, resize, in_dir, out_dir, int(size), extension)
    with ProcessPoolExecutor(int(workers)) as pool:
        list(pool.map(work, sorted(os.listdir(in_dir)), chunksize=8))


def _one(resize: Resize, in_dir: str, out_dir: str, size: int, extension: str, name: str) -> None:
    target = os.path.join(out_dir, f"{os.path.splitext(name)[0]}.{extension}")
    resize(os.path.join(in_dir, name), target, size)


def in_commands(command: list[str], in_dir: str, workers: str) -> None:
    """Runs `command` once a worker at the same time, each with its share of the paths as further arguments.

    Raises:
        subprocess.CalledProcessError: one of them failed.
    """
    paths = [os.path.join(in_dir, name) for name in sorted(os.listdir(in_dir))]
    started = [subprocess.Popen([*command, *share]) for share in shares(paths, int(workers)) if share]
    for process in started:
        if code := process.wait():
            raise subprocess.CalledProcessError(code, command[0])


def shares(paths: list[str], workers: int) -> list[list[str]]:
    """`workers` runs of neighbours, together all of `paths`; their lengths differ by one at most."""
    bounds = [len(paths) * number // workers for number in range(workers + 1)]
    return [paths[start:end] for start, end in itertools.pairwise(bounds)]
