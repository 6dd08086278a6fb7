"""Measure the join of boxes: `python -m benchmarks.boxes [--boxes 1000000 3000000] [--images 20000]`.

The table resembles oidv6-train-annotations-bbox.csv: 21 columns, 8.4 boxes per image, and 600 classes of very different
frequency. The images are hard links to a tiny one, whose names are IDs in the table, and --sample 1/100 leaves almost
nothing to decode. Each figure is measured for a run with all classes and for one with two selected classes.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
from pathlib import Path

from benchmarks.measure import image_resizer, machine
from tests.support.photos import photo

_COLUMNS = (
    *("ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax"),
    *("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside"),
    *(f"XClick{number}{axis}" for axis in "XY" for number in range(1, 5)),
)
_CLASSES, _BOXES_OF_AN_IMAGE = 600, 8.4


def image_id(number: int) -> str:
    """Return the ID of an image: 16 hexadecimal digits."""
    return f"{number * 0x9E3779B97F4A7C15 % (1 << 64):016x}"


def write_boxes(path: Path, count: int) -> None:
    """Write a table with `count` boxes."""
    generator = random.Random(0)
    left = count
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(_COLUMNS) + "\n")
        for number in itertools.count():
            boxes = min(left, 1 + int(generator.expovariate(1 / (_BOXES_OF_AN_IMAGE - 1))))
            file.writelines(_row(image_id(number), generator) for _ in range(boxes))
            left -= boxes
            if not left:
                return


def _row(image: str, generator: random.Random) -> str:
    class_ = f"/m/{int(generator.random() ** 3 * _CLASSES):04x}"
    left, top = (0.8 * generator.random() for _ in range(2))
    edges = f"{left:.6f},{left + 0.15:.6f},{top:.6f},{top + 0.15:.6f}"
    flags = f"{generator.randrange(2)},{generator.randrange(2)},{generator.choice((-1, 0, 0, 1))},0,0"
    clicks = ",".join([f"{left:.6f}"] * 4 + [f"{top:.6f}"] * 4)
    return f"{image},xclick,{class_},1,{edges},{flags},{clicks}\n"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.boxes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boxes", type=int, nargs="+", default=[1_000_000, 3_000_000], help="numbers of boxes")
    parser.add_argument("--images", type=int, default=20_000, help="images (default: 20000)")
    args = parser.parse_args()
    print(f"{machine()}; {args.images:,} images\n")
    print("| boxes | all classes, s | CPU s | MB | two classes, s | CPU s | MB |\n" + "| --- " * 7 + "|")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folder = place / "images"
        folder.mkdir()
        photo(0, (64, 48)).save(place / "tiny.jpg")
        for number in range(args.images):
            (folder / f"{image_id(number)}.jpg").hardlink_to(place / "tiny.jpg")
        for count in args.boxes:
            write_boxes(place / "boxes.csv", count)
            cells = [cell for classes in ((), ("/m/0003", "/m/0040")) for cell in _run(place, folder, classes)]
            print(f"| {count:,} | {' | '.join(cells)} |", flush=True)


def _run(place: Path, folder: Path, classes: tuple[str, ...]) -> list[str]:
    """Return the seconds, the CPU seconds and the peak megabytes of a run."""
    with tempfile.TemporaryDirectory(dir=place) as out:
        flags = ["-s", 32, "--sample", "1/100", "--images_per_shard", 1000, "--boxes", place / "boxes.csv"]
        flags += ["--classes", *classes, "--only_classes"] if classes else []
        run = image_resizer(folder, Path(out), *flags)
    return [f"{run.seconds:.0f}", f"{run.cpu_seconds:.0f}", f"{run.megabytes:.0f}"]


if __name__ == "__main__":
    main()
