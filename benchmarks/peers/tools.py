"""Every tool that is compared: how it is installed, called and described."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import PIL

from benchmarks.measure import Run, timed
from benchmarks.peers import versions
from benchmarks.peers.install import apt, nothing, npm, pip, python

SIZE = 512

# How the reference, and every file `with_*`, is called.
_FORM = ("{source}", "{out}", "{size}", "{workers}")
_OURS = ("-i", "{source}", "-o", "{out}", "-s", "{size}", "-j", "{workers}", "-ext", "{extension}")


@dataclasses.dataclass(frozen=True)
class Tool:
    """One row of the table.

    Args:
        name: what the row is called.
        note: how it works, for the list below the table.
        argv: the command; {source}, {out}, {size}, {workers} and {extension} are filled in.
        version: gives its version; fails if it is not there.
        install: makes it be there.
        lossless: it can also write PNG.
    """

    name: str
    note: str
    argv: tuple[str, ...]
    version: Callable[[], str]
    install: Callable[[], None] = nothing
    lossless: bool = True

    def run(self, source: Path, out: Path, workers: int, extension: str = "jpg") -> Run:
        """Resizes all of `source` into `out`.

        Raises:
            RuntimeError: it failed, or wrote fewer images than there are.
        """
        values = {"source": source, "out": out, "size": SIZE, "workers": workers, "extension": extension}
        done = timed([part.format(**values) for part in self.argv], variables=_variables(workers, out.parent))
        written, wanted = len(list(out.rglob(f"*.{extension}"))), len(os.listdir(source))
        if written != wanted:
            raise RuntimeError(f"{written} of {wanted} images written")
        return done


def _variables(workers: int, place: Path) -> dict[str, str]:
    """One thread an image, as many images at once as there are workers, and what is left behind lies in `place`."""
    single = {"VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1", "UV_THREADPOOL_SIZE": str(workers)}
    return single | versions.node_path() | {"NO_ALBUMENTATIONS_UPDATE": "1", "TMPDIR": str(place)}


def _script(interpreter: str, name: str) -> tuple[str, ...]:
    return (interpreter, "-m", f"benchmarks.peers.{name}", *_FORM, "{extension}")


def _ours(name: str, note: str, *flags: str, version: Callable[[], str] = versions.pillow) -> Tool:
    return Tool(name, note, (sys.executable, "-m", "pipeline", *_OURS, *flags), version)


REFERENCE = Tool(
    "reference",
    "the first script: a process pool, images decoded whole",
    (sys.executable, "-m", "benchmarks.reference", *_FORM),
    versions.pillow,
    lossless=False,
)

TOOLS = (
    REFERENCE,
    Tool(
        "Pillow thumbnail",
        "`thumbnail` with Lanczos and reducing_gap=2, process pool",
        _script(sys.executable, "with_pillow"),
        versions.pillow,
    ),
    Tool(
        "pyvips",
        "`thumbnail_buffer`, process pool (as fast as threads, or faster), VIPS_CONCURRENCY=1",
        _script(python("pyvips"), "with_pyvips"),
        partial(versions.packages, "pyvips", "pyvips", "pyvips-binary"),
        partial(pip, "pyvips", "pyvips[binary]"),
    ),
    Tool(
        "vipsthumbnail",
        "`--size 512x512`, one process a worker with its share of the files, VIPS_CONCURRENCY=1",
        _script(sys.executable, "with_vipsthumbnail"),
        versions.vipsthumbnail,
        partial(apt, "vipsthumbnail", "libvips-tools"),
    ),
    Tool(
        "ImageMagick",
        "`mogrify -define jpeg:size=1024x1024 -resize 512x512`, one process a worker with its share of the files, "
        "MAGICK_THREAD_LIMIT=1",
        _script(sys.executable, "with_mogrify"),
        versions.mogrify,
        partial(apt, "mogrify", "imagemagick"),
    ),
    Tool(
        "OpenCV",
        "the smallest of `IMREAD_REDUCED_COLOR_2/4/8` that is not below 512, then `INTER_AREA`, process pool",
        _script(python("opencv"), "with_opencv"),
        partial(versions.packages, "opencv", "opencv-python-headless"),
        partial(pip, "opencv", "opencv-python-headless", f"pillow=={PIL.__version__}"),
    ),
    Tool(
        "sharp",
        "`resize` with fit inside, as many promises as workers, `sharp.concurrency(1)`, mozjpeg off",
        ("node", "benchmarks/peers/with_sharp.mjs", *_FORM, "{extension}"),
        versions.sharp,
        partial(npm, "sharp"),
    ),
    Tool(
        "img2dataset",
        "`keep_ratio_largest`, a shard a worker; its files come from an HTTP server on the same cores, whose time is "
        "in it; its default filter, OpenCV's area",
        _script(python("img2dataset"), "with_img2dataset"),
        partial(versions.packages, "img2dataset", "img2dataset", "opencv-python-headless"),
        partial(pip, "img2dataset", "img2dataset"),
    ),
    _ours("ours", "the command, with manifest and resume"),
    _ours("ours exact", "`--exact`", "--exact"),
    _ours("ours simd", "`--resampler simd`", "--resampler", "simd", version=versions.simd),
)
