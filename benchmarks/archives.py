"""Compare archives with folders: `python -m benchmarks.archives FOLDER [--count N] [--members N N]`.

The first table has the wall time and CPU time per image without start-up, for a folder of JPEG files and for the same
files in each kind of archive, including four .tar.gz files. Each ratio is between runs of one round. The figures of a
.tar.gz include the pass that lists it. The second table has the peak memory of runs over archives of tiny images, of
which `--sample 1/1000` resizes a few.
"""

from __future__ import annotations

import argparse
import functools
import shutil
import statistics
import tarfile
import tempfile
import zipfile
from pathlib import Path

from benchmarks.measure import Run, image_resizer, machine
from benchmarks.million import FLAGS, make_tree
from benchmarks.rounds import Command, Round, small_and_large

KINDS = ("tar", "zip", "tar.gz", "4 tar.gz")


def pack(folder: Path, kind: str) -> Path:
    """Write an archive of a folder next to the folder, and return its path; for "4 tar.gz", a folder of four."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    path = Path(f"{folder}.{kind}")
    match kind:
        case "tar":
            _write_tar(path, folder, files)
        case "zip":
            with zipfile.ZipFile(path, "w") as zipped:
                for file in files:
                    zipped.write(file, file.relative_to(folder))
        case "tar.gz":
            _write_tar(path, folder, files)
        case "4 tar.gz":
            path.mkdir()
            for number in range(4):
                _write_tar(path / f"{number}.tar.gz", folder, files[number::4])
    return path


def _write_tar(path: Path, folder: Path, files: list[Path]) -> None:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as packed:
        for file in files:
            info = packed.gettarinfo(file, str(file.relative_to(folder)))
            info.type = tarfile.REGTYPE  # not a hard link to an earlier member
            info.size = file.stat().st_size
            with file.open("rb") as data:
                packed.addfile(info, data)


def compare(folder: Path, count: int, rounds: int) -> None:
    """Print the table of one folder and its archives."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folders = small_and_large(folder, count, place)
        inputs = {(kind, path): pack(path, kind) for path in folders.values() for kind in KINDS}
        for path in folders.values():  # separate files, since linked ones would stay in the processor's cache
            inputs["folder", path] = place / "unpacked" / path.name
            shutil.unpack_archive(inputs["tar", path], inputs["folder", path])

        def run(kind: str, source: Path, out: Path) -> Run:
            return image_resizer(inputs[kind, source], out, "-s", 512)

        commands: dict[str, Command] = {kind: functools.partial(run, kind) for kind in ("folder", *KINDS)}
        measured = [Round(commands, folders, place / "out") for _ in range(rounds)]
    print(f"\n{folder.name}, {count} files, resized to 512 px; rounds: {rounds}\n")
    print("| source | ms an image | rate, of the folder's | CPU ms an image | CPU, of the folder's |")
    print("| --- | --- | --- | --- | --- |")
    for kind in ("folder", *KINDS):
        seconds = [each.seconds_per_image(kind) for each in measured]
        cpu = [each.cpu_seconds_per_image(kind) for each in measured]
        rates = [each.seconds_per_image("folder") / each.seconds_per_image(kind) for each in measured]
        shares = [each.cpu_seconds_per_image(kind) / each.cpu_seconds_per_image("folder") for each in measured]
        print(
            f"| {kind} | {_range(seconds, 1e3)} | {_range(rates)} | {_range(cpu, 1e3)} | {_range(shares)} |", flush=True
        )


def _range(values: list[float], unit: float = 1) -> str:
    return f"{unit * statistics.median(values):.2f} ({unit * min(values):.2f} to {unit * max(values):.2f})"


def memory(counts: list[int]) -> None:
    """Print the time and peak memory for archives with these numbers of members."""
    print("\n| members | " + " | ".join(f"{kind}, s | peak MB" for kind in ("folder", *KINDS)) + " |")
    print("| --- |" + " --- | --- |" * (1 + len(KINDS)))
    for count in counts:
        with tempfile.TemporaryDirectory() as temporary:
            folder = make_tree(Path(temporary), count)
            runs = [image_resizer(folder, Path(temporary) / "out", *FLAGS)]
            for kind in KINDS:
                shutil.rmtree(Path(temporary) / "out")
                runs.append(image_resizer(pack(folder, kind), Path(temporary) / "out", *FLAGS))
        cells = " | ".join(f"{run.seconds:.1f} | {run.megabytes:.0f}" for run in runs)
        print(f"| {count:,} | {cells} |", flush=True)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.archives", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a flat folder of JPEG files")
    parser.add_argument("--count", type=int, default=480, help="files in the large folder (default: 480)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    parser.add_argument("--members", type=int, nargs="*", default=[1000, 100_000], help="(default: 1000 100000)")
    args = parser.parse_args()
    print(machine())
    compare(args.folder, args.count, args.rounds)
    memory(args.members)


if __name__ == "__main__":
    main()
