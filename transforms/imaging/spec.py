"""What is to be made of each image: the settings of the core, checked when they are set."""

from __future__ import annotations

import dataclasses
import re

from PIL import Image, features

# The number of this core: raised whenever it would make other bytes of the same image.
CORE_VERSION = 1

FILTERS = {
    "lanczos": Image.Resampling.LANCZOS,
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}

# Output extension -> Pillow's format, and the longest side in pixels that the format can hold.
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}
LONGEST_SIDE = {"jpg": 65_500, "png": 65_500, "webp": 16_383}


class SettingError(ValueError):
    """A setting is out of its range; the message names the value and what is allowed.

    Args:
        setting: the setting's field name.
        message: the value, what is allowed, what to do.
    """

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


ORIENTATIONS = ("stored", "exif")

# How an image meets its SIZE; see `geometry.target_of`.
FITS = ("contain", "cover", "crop", "pad", "stretch")


@dataclasses.dataclass(frozen=True)
class ResizeSpec:
    """How one image becomes one or several smaller ones.

    Args:
        sizes: of each output, in pixels: its longest side, or what `fit` makes of it.
        orientation: "stored" leaves pixels as they are, "exif" turns them as the EXIF tag says.
        fit: "contain" (longest side = size), "cover" (shortest side = size), "crop" (the centre, size x size),
            "pad" (contain, centred on size x size) or "stretch" (size x size).
        pad_color: what "pad" fills up with, as #rrggbb.
        extension: "jpg", "png" or "webp"; "" keeps the source's format.
        algorithm: a name in `FILTERS`.
        exact: decode whole images and make each size from the decoded image.
        reducing_gap: how many times larger than the target, on each side, an image that is decoded
            at a reduced scale must stay; at least 1.
        only_shrink: an image whose longest side is below the size keeps its dimensions.
        quality: 1 to 100 for JPEG and WebP; None leaves Pillow's defaults (75 and 80).
        min_side: leave out images whose shortest side is below this, in pixels.
        max_aspect: leave out images whose longest side is more than this many times the shortest; None for none.

    Raises:
        SettingError: a value is out of its range.
    """

    sizes: tuple[int, ...] = (512,)
    orientation: str = "stored"
    fit: str = "contain"
    pad_color: str = "#ffffff"
    extension: str = ""
    algorithm: str = "lanczos"
    exact: bool = False
    reducing_gap: float = 1.5
    only_shrink: bool = False
    quality: int | None = None
    min_side: int = 1
    max_aspect: float | None = None

    def __post_init__(self) -> None:
        self._check_formats()
        self._check_sizes()
        self._check_fit()
        self._check_filters()
        if self.algorithm not in FILTERS:
            raise SettingError("algorithm", f"{self.algorithm!r} is no filter: choose one of {', '.join(FILTERS)}")
        if not 1 <= self.reducing_gap <= 100:
            raise SettingError("reducing_gap", f"{self.reducing_gap} is out of range: give a number from 1 to 100")

    def _check_filters(self) -> None:
        if self.max_aspect is not None and not self.max_aspect >= 1:
            raise SettingError("max_aspect", f"{self.max_aspect:g} is out of range: give a number from 1 up")

    def _check_fit(self) -> None:
        if self.orientation not in ORIENTATIONS:
            raise SettingError("orientation", f"{self.orientation!r} is no policy: choose stored or exif")
        if self.fit not in FITS:
            raise SettingError("fit", f"{self.fit!r} is no fit mode: choose one of {', '.join(FITS)}")
        if self.fit == "stretch" and self.only_shrink:
            raise SettingError("fit", "stretch always gives SIZE x SIZE pixels: leave --only_shrink out")
        if not re.fullmatch(r"#[0-9a-f]{6}", self.pad_color):
            raise SettingError("pad_color", f"{self.pad_color!r} is no colour: give one such as #ffffff")
        if self.pad_color != "#ffffff" and self.fit != "pad":
            raise SettingError("pad_color", f"{self.pad_color} has no effect with --fit {self.fit}: give --fit pad")

    def _check_sizes(self) -> None:
        longest = LONGEST_SIDE[self.extension or "jpg"]
        for size in self.sizes:
            if not 1 <= size <= longest:
                what = f"{self.extension} images" if self.extension else "images"
                raise SettingError("size", f"{size} is out of range: {what} take 1 to {longest} pixels a side")
        if not self.sizes or len(set(self.sizes)) != len(self.sizes):
            given = " ".join(map(str, self.sizes))
            raise SettingError("size", f"{given!r} is no list of different sizes: give each size once")

    def _check_formats(self) -> None:
        if self.extension and self.extension not in FORMATS:
            raise SettingError(
                "extension",
                f"{self.extension!r} cannot be written: choose {', '.join(FORMATS)}, or '' for each source's own",
            )
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise SettingError("quality", f"{self.quality} is out of range: give a whole number from 1 to 100")
        if self.quality is not None and self.extension == "png":
            raise SettingError("quality", f"{self.quality} has no effect on png, which is lossless: leave it out")

    @property
    def filter(self) -> Image.Resampling:
        """Pillow's filter of `algorithm`."""
        return FILTERS[self.algorithm]

    @property
    def reduces(self) -> bool:
        """Whether decoding at a reduced scale stays true to the filter."""
        return not self.exact and self.algorithm not in ("nearest", "box")

    @property
    def chains(self) -> bool:
        """Whether a smaller size may be made from a larger one."""
        return not self.exact and self.algorithm in ("lanczos", "bicubic")


def library_versions() -> dict[str, str]:
    """Versions of everything that decides an output's bytes besides the settings."""
    return {
        "resizer": str(CORE_VERSION),
        "pillow": features.version("pil") or "",
        "libjpeg": features.version("jpg") or "",
        "libwebp": features.version("webp") or "",
        "zlib": features.version("zlib") or "",
    }
