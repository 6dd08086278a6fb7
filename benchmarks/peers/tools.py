"""The tools to compare: how each is installed, called and described."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import PIL

from benchmarks.measure import Run, measure
from benchmarks.peers import versions
from benchmarks.peers.install import apt, nothing, npm, pip, python

SIZE = 512

# The arguments of the first script and of every module `with_*`.
_ARGUMENTS = ("{source}", "{out}", "{size}", "{workers}")
_FLAGS = ("-i", "{source}", "-o", "{out}", "-s", "{size}", "-j", "{workers}", "-ext", "{extension}")


@dataclasses.dataclass(frozen=True)
class Tool:
    """One row of the table.

    Args:
        name: its name in the table.
        note: how it resizes, for the list below the table.
        argv: the command, in which {source}, {out}, {size}, {workers} and {extension} are replaced.
        version: the function that returns its version, or raises an error if the tool is not installed.
        install: the function that installs it.
        lossless: whether it can also write PNG.
    """

    name: str
    note: str
    argv: tuple[str, ...]
    version: Callable[[], str]
    install: Callable[[], None] = nothing
    lossless: bool = True

    def run(self, source: Path, out: Path, workers: int, extension: str = "jpg") -> Run:
        """Resize all files of `source` to `out`.

        Raises:
            RuntimeError: the tool failed, or it did not write as many images as there are files.
        """
        values = {"source": source, "out": out, "size": SIZE, "workers": workers, "extension": extension}
        measured = measure([part.format(**values) for part in self.argv], variables=_variables(workers, out.parent))
        written, expected = len(list(out.rglob(f"*.{extension}"))), len(os.listdir(source))
        if written != expected:
            raise RuntimeError(f"{written} of {expected} images were written")
        return measured


def _variables(workers: int, place: Path) -> dict[str, str]:
    """Return the environment variables for one thread per image, one image per worker, temporary files in `place`."""
    single = {"VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1", "UV_THREADPOOL_SIZE": str(workers)}
    return single | versions.node_path() | {"NO_ALBUMENTATIONS_UPDATE": "1", "TMPDIR": str(place)}


def _script(interpreter: str, name: str) -> tuple[str, ...]:
    return (interpreter, "-m", f"benchmarks.peers.{name}", *_ARGUMENTS, "{extension}")


def _image_resizer(note: str, *flags: str) -> Tool:
    name = " ".join(("image_resizer", *flags))
    return Tool(name, note, (sys.executable, "-m", "pipeline", *_FLAGS, *flags), versions.pillow)


REFERENCE = Tool(
    "first script",
    "a plain equivalent of it: Pillow in a process pool, each image decoded at full size",
    (sys.executable, "-m", "benchmarks.reference", *_ARGUMENTS),
    versions.pillow,
    lossless=False,
)

TOOLS = (
    REFERENCE,
    Tool(
        "Pillow thumbnail",
        "`thumbnail` with Lanczos and `reducing_gap=2`, in a process pool",
        _script(sys.executable, "with_pillow"),
        versions.pillow,
    ),
    Tool(
        "pyvips",
        "`thumbnail_buffer` in a process pool, which is at least as fast as threads; `VIPS_CONCURRENCY=1`",
        _script(python("pyvips"), "with_pyvips"),
        partial(versions.packages, "pyvips", "pyvips", "pyvips-binary"),
        partial(pip, "pyvips", "pyvips[binary]"),
    ),
    Tool(
        "vipsthumbnail",
        "`--size 512x512`, one process per worker, each with its share of the files; `VIPS_CONCURRENCY=1`",
        _script(sys.executable, "with_vipsthumbnail"),
        versions.vipsthumbnail,
        partial(apt, "vipsthumbnail", "libvips-tools"),
    ),
    Tool(
        "ImageMagick",
        "`mogrify -define jpeg:size=1024x1024 -resize 512x512`, one process per worker, each with its share of the "
        "files; `MAGICK_THREAD_LIMIT=1`",
        _script(sys.executable, "with_mogrify"),
        versions.mogrify,
        partial(apt, "mogrify", "imagemagick"),
    ),
    Tool(
        "OpenCV",
        "the smallest of `IMREAD_REDUCED_COLOR_2/4/8` that is not below 512 px, then `INTER_AREA`, in a process pool",
        _script(python("opencv"), "with_opencv"),
        partial(versions.packages, "opencv", "opencv-python-headless"),
        partial(pip, "opencv", "opencv-python-headless", f"pillow=={PIL.__version__}"),
    ),
    Tool(
        "sharp",
        "`resize` with `fit: inside`, one promise per worker, `sharp.concurrency(1)`, without mozjpeg",
        ("node", "benchmarks/peers/with_sharp.mjs", *_ARGUMENTS, "{extension}"),
        versions.sharp,
        partial(npm, "sharp"),
    ),
    Tool(
        "img2dataset",
        "`keep_ratio_largest`, one shard per worker, with its default filter, OpenCV's `INTER_AREA`; it downloads the "
        "files from an HTTP server on the same cores, whose time is included",
        _script(python("img2dataset"), "with_img2dataset"),
        partial(versions.packages, "img2dataset", "img2dataset", "opencv-python-headless"),
        partial(pip, "img2dataset", "img2dataset"),
    ),
    _image_resizer("the whole command, with its manifest"),
    _image_resizer("each image decoded at a larger scale than by default", "--reducing_gap", "2"),
    _image_resizer("each image decoded at full size, as the first script does", "--exact"),
)
