"""Every flag: its name, its value and its help."""

from __future__ import annotations

import argparse
import dataclasses
import re
from fractions import Fraction
from typing import NoReturn

from PIL import ImageColor

from pipeline.errors import UsageError
from transforms.imaging.spec import (
    COLORS,
    DEPTH_RANGES,
    FILTERS,
    FITS,
    FORMATS,
    MAX_PIXELS,
    MODES,
    ORIENTATIONS,
    RESAMPLERS,
    SUBSAMPLINGS,
    TRUNCATED,
)
from transforms.layouts import DEFAULT_LAYOUT, LAYOUTS
from transforms.listing.ranges import ALPHABETS

VERIFICATIONS = ("sizes", "full")
LOG_LEVELS = ("debug", "info", "warning", "error")

# Images that --estimate looks at: 200 give the output's size to about 10 %.
ESTIMATE_IMAGES = 200


@dataclasses.dataclass(frozen=True)
class Limit:
    """How many images may fail: a number of images, or with `percent` a share of all."""

    value: float
    percent: bool = False

    def exceeded(self, failed: int, total: int | None) -> bool:
        """Whether more of `total` images failed; of a share nothing can be said before the total is known."""
        if not self.percent:
            return failed > self.value
        return total is not None and failed * 100 > self.value * total

    def __str__(self) -> str:
        return f"{self.value:g}{'%' if self.percent else ''}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists all flags)")


def parser() -> argparse.ArgumentParser:
    """Our flags. What it does not know is Beam's, or wrong."""
    parser = _Parser(
        prog="image_resizer",
        description="Turn a big image collection into small ones, and go on where a run was cut off.",
        epilog="Any other flag is passed on to Apache Beam, --project and --region for instance.",
        allow_abbrev=False,
    )
    _add_dataset_flags(parser.add_argument_group("dataset"))
    _add_continuation_flags(parser.add_argument_group("a dataset that is there"))
    _add_sample_flags(parser.add_argument_group("what samples have beside their images"))
    _add_image_flags(parser.add_argument_group("images"))
    _add_pixel_flags(parser.add_argument_group("pixels"))
    _add_resampling_flags(parser.add_argument_group("resampling"))
    _add_encoding_flags(parser.add_argument_group("encoding"))
    _add_filter_flags(parser.add_argument_group("filters"))
    _add_estimate_flags(parser.add_argument_group("estimate"))
    _add_run_flags(parser.add_argument_group("run"))
    return parser


def _add_dataset_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "-i",
        "--in_dir",
        nargs="+",
        required=True,
        metavar="IN",
        help=(
            "a folder with all its sub-folders, a glob pattern (** too), or a store path such as gs://bucket/train; "
            "several are splits of one dataset, named by their last folders"
        ),
    )
    add(
        "-o",
        "--out_dir",
        metavar="OUT",
        help="where the dataset goes: a folder or a store path; --estimate does without",
    )
    add(
        "--layout",
        choices=list(LAYOUTS),
        default=DEFAULT_LAYOUT,
        help="; ".join(f"{name}: {layout.summary}" for name, layout in LAYOUTS.items())
        + f" (default: {DEFAULT_LAYOUT})",
    )
    add(
        "--images_per_shard",
        type=_whole_number,
        metavar="N",
        help="images in a shard, the unit of work and of resume (default: 100, for archives 1000)",
    )
    add(
        "--list_prefixes",
        type=_alphabet,
        metavar="CHARS",
        help="list gs:// inputs of millions of files in parallel, by the characters that their names begin with: "
        "hex, or the characters themselves (default: one listing)",
    )
    add(
        "--any_name",
        action="store_true",
        help="try every file by its content, whatever it is called: names without an extension, b.jpg?size=large",
    )
    add("--split", nargs="+", metavar="NAME", help="name of each split (default: the last folder of each -i)")


def _add_continuation_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--overwrite",
        action="store_true",
        help="start again in an OUT that holds a dataset: deletes what that dataset wrote, and nothing else",
    )
    add(
        "--retry_failed",
        action="store_true",
        help="do the shards again in which an image failed, whatever the reason",
    )
    add(
        "--verify",
        nargs="?",
        const="sizes",
        choices=VERIFICATIONS,
        help="make nothing: look whether every committed file is still there, by its size, or with full by its "
        "SHA-256; the next run makes again what is not",
    )


def _add_sample_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--labels",
        action="append",
        default=[],
        metavar="folder",
        help="folder: an image's class is the name of its folder; KEY=VALUE is Beam's, a label of a job on Dataflow",
    )
    add(
        "--columns",
        default="",
        metavar="FILE",
        help="a table (.csv, .tsv, .jsonl, .parquet) of further columns, label or caption say, joined by the images' "
        "keys, which stand in its column key, ImageID, image_id or file_name",
    )
    add(
        "--attribution",
        default="",
        metavar="FILE",
        help="a table with ImageID, OriginalURL, OriginalLandingURL, License, AuthorProfileURL, Author and Title, as "
        "Open Images has it: who made each image stands beside the dataset",
    )
    add("--name", default="", metavar="NAME", help="the dataset's name on its card (default: its splits' names)")
    add("--license", default="", metavar="ID", help="the dataset's license on its card, such as cc-by-4.0")
    add("--citation", default="", metavar="FILE", help="a file that says how to cite the dataset, in BibTeX")


def _add_image_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "-s",
        "--size",
        nargs="+",
        type=_sizes,
        default=[[512]],
        metavar="SIZE",
        help="longest side (see --fit) in pixels, one or several: -s 512 256, or 512,256, decodes each image once "
        "(default: 512)",
    )
    add(
        "--fit",
        choices=FITS,
        default="contain",
        help="contain: longest side = SIZE; cover: shortest side = SIZE; crop: the centre, SIZE x SIZE; pad: contain, "
        "centred on SIZE x SIZE; stretch: SIZE x SIZE (default: contain)",
    )
    add("--pad_color", type=_color, default="#ffffff", metavar="COLOR", help="what pad fills up with (default: white)")
    add(
        "--orientation",
        choices=ORIENTATIONS,
        default="stored",
        help="stored: pixels as they are, as boxes of Open Images are; exif: turned as EXIF says (default: stored)",
    )


def _add_pixel_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--mode",
        choices=MODES,
        default="RGB",
        help="RGB; L: gray; keep: palettes and gray stay as they are, by nearest, for masks (default: RGB)",
    )
    add(
        "--background",
        type=_color,
        default="#ffffff",
        metavar="COLOR",
        help="what transparent images are laid on (default: white)",
    )
    add(
        "--color",
        choices=COLORS,
        default="keep-numbers",
        help="keep-numbers: the numbers stay, a colour profile goes; srgb: converted by the profile "
        "(default: keep-numbers)",
    )
    add(
        "--depth_range",
        choices=DEPTH_RANGES,
        default="full",
        help="gray of more than 8 bits: full maps its type's whole range to 0..255, floats 0 to 1; auto maps each "
        "image's own (default: full)",
    )
    add(
        "--truncated",
        choices=TRUNCATED,
        default="fail",
        help="JPEGs that end early and PNGs with a wrong checksum of their pixels: fail, or accept, which makes up "
        "the rest of a JPEG and notes either (default: fail)",
    )
    add(
        "--check_jpeg",
        action="store_true",
        help="JPEGs with damage that decoders only warn of fail too; takes the extra `check`",
    )
    add(
        "--max_pixels",
        type=_whole_number,
        default=MAX_PIXELS,
        metavar="N",
        help=f"images and outputs of more pixels fail (default: {MAX_PIXELS})",
    )


def _add_resampling_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "-a",
        "--algorithm",
        metavar="FILTER",
        help=f"resample filter: {', '.join(FILTERS)} (default: lanczos; nearest with --mode keep)",
    )
    add(
        "--resampler",
        choices=RESAMPLERS,
        default="pillow",
        help="simd is several times faster, 54 dB from Pillow's own, and takes the extra `simd` (default: pillow)",
    )
    add(
        "--exact",
        action="store_true",
        help="decode each image whole, and make each size from it: slower, the bytes of the old script",
    )
    add(
        "--reducing_gap",
        type=float,
        metavar="G",
        help="how many times larger than the target the decoded image must stay; 1 is fastest (default: 1.5)",
    )
    add("--only_shrink", action="store_true", help="images smaller than SIZE keep their dimensions")


def _add_encoding_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "-ext",
        "--extension",
        default="",
        metavar="EXT",
        help=f"{', '.join(FORMATS)}; '' keeps each source's format, which its content decides (default: '')",
    )
    add(
        "--quality",
        type=_whole_number,
        metavar="Q",
        help="1 to 100; JPEG, WebP and AVIF (default: Pillow's 75, 80 and 75)",
    )
    add("--subsampling", choices=SUBSAMPLINGS, help="of colour; JPEG and AVIF (default: 4:2:0)")
    add("--progressive", action="store_true", help="JPEG in several scans: a little smaller")
    add("--lossless", action="store_true", help="WebP without loss")


def _add_filter_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--min_side", type=_whole_number, default=1, metavar="N", help="leave out images whose shortest side is below")
    add(
        "--max_aspect",
        type=float,
        metavar="A",
        help="leave out images whose longest side is more than A times the shortest",
    )
    add(
        "--sample",
        type=_share,
        default="1",
        metavar="SHARE",
        help="take a share of the images only, such as 1/10: the same ones in every run, and a larger sample "
        "contains a smaller one (default: all)",
    )


def _add_estimate_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--estimate",
        nargs="?",
        type=_whole_number,
        const=ESTIMATE_IMAGES,
        metavar="N",
        help=f"write nothing: resize N images in memory (default: {ESTIMATE_IMAGES}), the same ones each time, and "
        "tell the size of the output, the time here, and the hours and dollars on Dataflow",
    )
    add(
        "--prices",
        metavar="FILE",
        help='with --estimate: a JSON file with prices that hold instead of ours, such as {"vcpu_hour": 0.06}',
    )


def _add_run_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "-j",
        "--processes",
        type=_whole_number,
        metavar="N",
        help="images worked on at the same time (default: number of cores; 2 a process on a remote runner)",
    )
    add(
        "--memory",
        type=_bytes,
        metavar="BYTES",
        help="what decoded images may take at the same time in a process, such as 4G (default: half of the machine's "
        "or the container's; on a remote runner half of a core's share)",
    )
    add(
        "--max_failures",
        type=_limit,
        metavar="LIMIT",
        help="N or N%%: exit code 1 if more images failed; a local run stops as soon as they have (default: no limit)",
    )
    add("-l", "--log", metavar="FILE", help="also write the log to this file")
    add("--log_level", choices=LOG_LEVELS, default="info", help="debug shows Beam's own log too (default: info)")
    add(
        "-v",
        "--verbose",
        type=_whole_number,
        default=1000,
        metavar="N",
        help="images between two progress lines in the log (default: 1000)",
    )
    add(
        "--runner",
        metavar="RUNNER",
        help="where it runs: DirectRunner is this machine, DataflowRunner the cloud (default: this machine)",
    )
    add(
        "--report_every",
        type=_whole_number,
        metavar="SECONDS",
        help="local runs: write OUT/report.html anew every so many seconds, so that a browser shows how the run is "
        "going (default: once, at the end)",
    )
    add("--wait", action="store_true", help="follow a job of Dataflow to its end instead of submitting it only")


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return int(text)


def _sizes(text: str) -> list[int]:
    return [_whole_number(one) for one in text.split(",")]


def _alphabet(text: str) -> str:
    """The characters of an alphabet that is given by its name or by all that are in it."""
    characters = ALPHABETS.get(text, text)
    if not characters.isprintable() or not characters:
        raise argparse.ArgumentTypeError(f"{text!r} is no alphabet: give hex, or characters such as 0123456789")
    return characters


def _bytes(text: str) -> int:
    """A number of bytes, with K, M, G or T for powers of 1024."""
    matched = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)B?", text.strip().upper())
    number = int(float(matched[1]) * 1024 ** " KMGT".index(matched[2] or " ")) if matched else 0
    if number < 1 << 20:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of memory: give 1M or more, such as 512M or 4G")
    return number


def _color(text: str) -> str:
    """A colour by its name or in hexadecimal, as #rrggbb."""
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no colour: give a name or one such as #ffffff") from error
    return f"#{red:02x}{green:02x}{blue:02x}"


def _share(text: str) -> str:
    """A share of more than 0 and at most 1, such as 1/10 or 0.1, as a fraction in lowest terms."""
    try:
        share = Fraction(text)
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share of the images: give one such as 1/10")
    return str(share)


def _limit(text: str) -> Limit:
    matched = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)%", text.strip())
    if matched is None or (matched[2] and float(matched[2]) > 100):
        raise argparse.ArgumentTypeError(f"{text!r} is no limit: give a number of images, or a share such as 1%")
    return Limit(int(matched[1])) if matched[1] else Limit(float(matched[2]), percent=True)
