"""Flags of the images. All but --size set the `ResizeSpec` field of the same name, which has the default and check."""

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
        "-s",
        "--size",
        nargs="+",
        type=values.sizes,
        default=[list(_SIZES)],
        metavar="SIZE",
        help="the longest side (see --fit) in pixels, one or more sizes, such as 512 256 or 512,256; each image is "
        f"decoded only once (default: {' '.join(map(str, _SIZES))})",
    )
    group.add_setting(
        "--fit",
        choices=FITS,
        help="contain: longest side = SIZE; cover: shortest side = SIZE; crop: cover, then the center SIZE x SIZE; "
        "pad: contain, centered on SIZE x SIZE; stretch: SIZE x SIZE (default: %(default)s)",
    )
    group.add_setting(
        "--pad_color",
        type=values.color,
        metavar="COLOR",
        help="the padding color of --fit pad: a name, or a value such as #808080 (default: %(default)s)",
    )
    group.add_setting(
        "--only_shrink",
        action="store_true",
        help="do not enlarge images smaller than SIZE, but re-encode them anyway (see --keep_small); pad centers them "
        "unscaled, crop uses what there is",
    )
    group.add_setting(
        "--keep_small",
        action="store_true",
        help="like --only_shrink, and copy images that need no change (format, size, orientation, color) byte for "
        "byte, with metadata such as EXIF and GPS",
    )
    group.add_setting(
        "--orientation",
        choices=(AUTO, *ORIENTATIONS),
        help="exif: rotated upright by EXIF, or else by XMP, as viewers show the image; stored: pixels as stored, "
        "which the boxes of Open Images refer to; auto: exif, or stored with --exact (default: %(default)s)",
    )


def _add_pixel_flags(group: FlagGroup) -> None:
    group.add_setting(
        "--mode",
        choices=MODES,
        help="RGB; L: gray; keep: for masks, keep palettes and gray, resized with nearest (default: %(default)s)",
    )
    group.add_setting(
        "--background",
        type=values.color,
        metavar="COLOR",
        help="the background color for transparent images: a name, or a value such as #808080 (default: %(default)s)",
    )
    group.add_setting(
        "--color",
        choices=COLORS,
        help="keep-numbers: keep the pixel values and drop the color profile, as the old script did; srgb: convert by "
        "the profile or by cICP, after resizing (default: %(default)s)",
    )
    group.add_setting(
        "--depth_range",
        choices=DEPTH_RANGES,
        help="gray images of more than 8 bits: full maps the full range of the pixel type, 0 to 1 for floats, to "
        "0..255; auto maps the range of each image (default: %(default)s)",
    )


def _add_resampling_flags(group: FlagGroup) -> None:
    group.add(
        "-a",
        "--algorithm",
        type=str.lower,
        metavar="FILTER",
        help=f"the resample filter: {', '.join(FILTERS)} (default: {SETTINGS['algorithm']}; nearest with --mode keep)",
    )
    group.add_setting(
        "--exact",
        action="store_true",
        help="decode each image at full size and resize from that: slower, but byte-identical to the old script",
    )
    group.add(
        "--reducing_gap",
        type=values.number,
        metavar="G",
        help="the minimum ratio of the decoded image's size to the target's; 1 is fastest (default: "
        f"{SETTINGS['reducing_gap']})",
    )


def _add_encoding_flags(group: FlagGroup) -> None:
    group.add_setting(
        "-ext",
        "--extension",
        type=values.extension,
        metavar="EXT",
        help=f"{', '.join(FORMATS)}, or '' to keep the format of each source, detected by content (default: '')",
    )
    group.add_setting(
        "--quality",
        type=values.quality,
        metavar="Q",
        help="1 to 100, for JPEG, WebP and AVIF (default: Pillow's defaults, 75, 80 and 75)",
    )
    group.add_setting(
        "--subsampling", choices=SUBSAMPLINGS, help="chroma subsampling, for JPEG and AVIF (default: 4:2:0)"
    )
    group.add_setting("--progressive", action="store_true", help="write progressive JPEG, which is slightly smaller")
    group.add_setting("--lossless", action="store_true", help="write lossless WebP")


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
        help="fail images and outputs of more than N pixels (default: %(default)s, Pillow's limit)",
    )
    group.add_setting(
        "--truncated",
        choices=TRUNCATED,
        help="what to do with JPEGs that end early and PNGs whose pixel checksum is wrong: fail, or accept, which "
        "fills the rest of a JPEG with gray, keeps the pixels of a PNG, and notes truncated or damaged in the manifest "
        "(default: %(default)s)",
    )
    group.add_setting(
        "--check_jpeg",
        action="store_true",
        help="also fail JPEGs with damage that decoders only warn about; needs the extra check",
    )
