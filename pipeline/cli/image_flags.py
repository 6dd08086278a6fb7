"""Flags of the images. All but --size set the field of `ResizeSpec` by their own name, which has default and check."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pipeline.cli import values
from pipeline.cli.defaults import SETTINGS
from pipeline.cli.group import FlagGroup
from transforms.imaging.spec import (
    AUTO,
    COLORS,
    DEPTH_RANGES,
    FILTERS,
    FITS,
    FORMATS,
    MODES,
    ORIENTATIONS,
    SUBSAMPLINGS,
    TRUNCATED,
)

_SIZES: tuple[int, ...] = SETTINGS["sizes"]


def add_flags(parser: argparse.ArgumentParser) -> Iterator[FlagGroup]:
    """Add the groups of this module to a parser, and yield them."""
    for title, add in (
        ("size", _add_size_flags),
        ("pixels", _add_pixel_flags),
        ("resampling", _add_resampling_flags),
        ("encoding", _add_encoding_flags),
        ("accepted images", _add_acceptance_flags),
    ):
        group = FlagGroup(parser, title)
        add(group)
        yield group


def _add_size_flags(group: FlagGroup) -> None:
    group.add(
        *("-s", "--size"),
        nargs="+",
        type=values.sizes,
        default=[list(_SIZES)],
        metavar="SIZE",
        help="the longest side (see --fit) in pixels, one or several: -s 512 256, or 512,256, decodes each image once "
        f"(default: {' '.join(map(str, _SIZES))})",
    )
    group.add_setting(
        "--fit",
        choices=FITS,
        help="contain: longest side = SIZE; cover: shortest side = SIZE; crop: cover, then the centre SIZE x SIZE; "
        "pad: contain, centred on SIZE x SIZE; stretch: SIZE x SIZE (default: %(default)s)",
    )
    group.add_setting(
        "--pad_color",
        type=values.color,
        metavar="COLOR",
        help="the colour that pad fills up with: a name, or one such as #808080 (default: %(default)s)",
    )
    group.add_setting(
        "--only_shrink",
        action="store_true",
        help="images smaller than SIZE keep their dimensions, and are encoded again all the same (see --keep_small); "
        "pad centres them as they are, crop takes what there is",
    )
    group.add_setting(
        "--keep_small",
        action="store_true",
        help="as --only_shrink, and an image that needs no change (format, size, orientation, colour) is stored byte "
        "for byte, with its metadata such as EXIF and GPS",
    )
    group.add_setting(
        "--orientation",
        choices=(AUTO, *ORIENTATIONS),
        help="exif: turned upright as EXIF says, or else XMP, as every viewer shows it; stored: pixels as they are "
        "stored, which is what the boxes of Open Images refer to; auto: exif, but stored with --exact (default: "
        "%(default)s)",
    )


def _add_pixel_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--mode",
        choices=MODES,
        help="RGB; L: gray; keep: palettes and gray stay as they are, resized with nearest, for masks "
        "(default: %(default)s)",
    )
    group.add_setting(
        "--background",
        type=values.color,
        metavar="COLOR",
        help="the colour that transparent images are laid on: a name, or one such as #808080 (default: %(default)s)",
    )
    group.add_setting(
        "--color",
        choices=COLORS,
        help="keep-numbers: the numbers stay and a colour profile is dropped, as in the old script; srgb: converted "
        "by the profile or by cICP, after the resize (default: %(default)s)",
    )
    group.add_setting(
        "--depth_range",
        choices=DEPTH_RANGES,
        help="gray of more than 8 bits: full maps the whole range of its type to 0..255, and floats from 0 to 1; auto "
        "maps the range of each image (default: %(default)s)",
    )


def _add_resampling_flags(group: FlagGroup) -> None:
    group.add(
        *("-a", "--algorithm"),
        type=str.lower,
        metavar="FILTER",
        help=f"the resample filter: {', '.join(FILTERS)} (default: {SETTINGS['algorithm']}; nearest with --mode keep)",
    )
    group.add_setting(
        "--exact",
        action="store_true",
        help="decode each image whole, and make each size from it: slower, and the same bytes as the old script's",
    )
    group.add(
        "--reducing_gap",
        type=values.number,
        metavar="G",
        help="how many times larger than the target the decoded image must stay; 1 is fastest "
        f"(default: {SETTINGS['reducing_gap']})",
    )


def _add_encoding_flags(group: FlagGroup) -> None:
    group.add_setting(
        *("-ext", "--extension"),
        type=values.extension,
        metavar="EXT",
        help=f"{', '.join(FORMATS)}, or '', which keeps the format of each source, by its content (default: '')",
    )
    group.add_setting(
        "--quality",
        type=values.quality,
        metavar="Q",
        help="1 to 100, for JPEG, WebP and AVIF (default: Pillow's: 75, 80 and 75)",
    )
    group.add_setting(
        "--subsampling", choices=SUBSAMPLINGS, help="subsampling of colour, for JPEG and AVIF (default: 4:2:0)"
    )
    group.add_setting("--progressive", action="store_true", help="JPEG in several scans: a little smaller")
    group.add_setting("--lossless", action="store_true", help="WebP without loss")


def _add_acceptance_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--min_side",
        type=values.whole_number,
        metavar="N",
        help="skip images whose shortest side is below N pixels (default: %(default)s)",
    )
    group.add_setting(
        "--max_aspect",
        type=values.number,
        metavar="A",
        help="skip images whose longest side is more than A times the shortest (default: no limit)",
    )
    group.add_setting(
        "--max_pixels",
        type=values.whole_number,
        metavar="N",
        help="images and outputs of more than N pixels fail (default: %(default)s, Pillow's limit)",
    )
    group.add_setting(
        "--truncated",
        choices=TRUNCATED,
        help="JPEGs that end early, and PNGs with a wrong checksum of their pixels: fail; or accept, which fills the "
        "rest of a JPEG with gray, keeps the pixels of a PNG, and notes truncated or damaged in the manifest "
        "(default: %(default)s)",
    )
    group.add_setting(
        "--check_jpeg",
        action="store_true",
        help="JPEGs fail too if they have damage that decoders only warn of; needs the extra check",
    )
