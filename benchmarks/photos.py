"""Write photograph-like images: `python -m benchmarks.photos FOLDER COUNT [--flat]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.support.photos import photo


def write_photos(folder: Path, count: int, flat: bool) -> None:
    """Write `count` JPEGs, every second one to a subfolder unless `flat`. Create `folder` only once it is complete."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    for seed in range(count):
        path = unfinished / ("harbour" if seed % 2 and not flat else "") / f"photo{seed:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(seed).save(path, quality=88)
    unfinished.rename(folder)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.photos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder to create")
    parser.add_argument("count", type=int, help="the number of images")
    parser.add_argument(
        "--flat",
        action="store_true",
        help="write all images into the folder itself, not every second one into a sub-folder",
    )
    args = parser.parse_args()
    write_photos(args.folder, args.count, args.flat)


if __name__ == "__main__":
    main()
