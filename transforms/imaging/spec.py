"""What is to be made of each image: the settings of the core, checked when they are set."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re

from PIL import Image, features

# The number of this core: raised whenever it would make other bytes of the same image.
CORE_VERSION = 2

FILTERS = {
    "lanczos": Image.Resampling.LANCZOS,
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}

# Output extension -> Pillow's format, and the longest side in pixels that the format can hold.
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "avif": "AVIF"}
LONGEST_SIDE = {"jpg": 65_500, "png": 65_500, "webp": 16_383, "avif": 32_768}

# The settings of encoders, and the extensions whose formats have them.
ENCODING_SETTINGS = {
    "quality": ("jpg", "webp", "avif"),
    "subsampling": ("jpg", "avif"),
    "progressive": ("jpg",),
    "lossless": ("webp",),
}

# Pillow's own error limit: a quarter of a gigabyte of RGB, twice.
MAX_PIXELS = 178_956_970


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

MODES = ("RGB", "L", "keep")
COLORS = ("keep-numbers", "srgb")
DEPTH_RANGES = ("full", "auto")
TRUNCATED = ("fail", "accept")
RESAMPLERS = ("pillow", "simd")
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


@dataclasses.dataclass(frozen=True)
class ResizeSpec:
    """How one image becomes one or several smaller ones.

    Args:
        sizes: of each output, in pixels: its longest side, or what `fit` makes of it.
        orientation: "stored" leaves pixels as they are, "exif" turns them as EXIF, or else XMP, says.
        fit: "contain" (longest side = size), "cover" (shortest side = size), "crop" (the centre, size x size),
            "pad" (contain, centred on size x size) or "stretch" (size x size).
        pad_color: what "pad" fills up with, as #rrggbb.
        mode: "RGB", "L" (gray), or "keep": palettes and gray stay as they are, for masks.
        background: what transparent images are laid on, as #rrggbb.
        color: "keep-numbers" drops a colour profile, "srgb" converts by it.
        depth_range: "full" maps a deep pixel type's whole range to 0..255, "auto" each image's own.
        truncated: "fail", or "accept": JPEGs that end early, and PNGs whose checksums are wrong, are made all the same.
        check_jpeg: JPEGs with damage that decoders only warn of fail; takes the extra `check`.
        max_pixels: images, and outputs, of more pixels fail.
        extension: "jpg", "png", "webp" or "avif"; "" keeps the source's format.
        algorithm: a name in `FILTERS`.
        resampler: "pillow", or "simd", which takes the extra of that name.
        exact: decode whole images and make each size from the decoded image.
        reducing_gap: how many times larger than the target, on each side, an image that is decoded
            at a reduced scale must stay; at least 1.
        only_shrink: an image whose longest side is below the size keeps its dimensions.
        quality: 1 to 100 for JPEG, WebP and AVIF; None leaves Pillow's defaults (75, 80 and 75).
        subsampling: of colour, "4:4:4", "4:2:2" or "4:2:0", JPEG and AVIF; None leaves 4:2:0.
        progressive: JPEG in several scans.
        lossless: WebP without loss.
        min_side: leave out images whose shortest side is below this, in pixels.
        max_aspect: leave out images whose longest side is more than this many times the shortest; None for none.

    Raises:
        SettingError: a value is out of its range.
    """

    sizes: tuple[int, ...] = (512,)
    orientation: str = "stored"
    fit: str = "contain"
    pad_color: str = "#ffffff"
    mode: str = "RGB"
    background: str = "#ffffff"
    color: str = "keep-numbers"
    depth_range: str = "full"
    truncated: str = "fail"
    check_jpeg: bool = False
    max_pixels: int = MAX_PIXELS
    extension: str = ""
    algorithm: str = "lanczos"
    resampler: str = "pillow"
    exact: bool = False
    reducing_gap: float = 1.5
    only_shrink: bool = False
    quality: int | None = None
    subsampling: str | None = None
    progressive: bool = False
    lossless: bool = False
    min_side: int = 1
    max_aspect: float | None = None

    def __post_init__(self) -> None:
        self._check_formats()
        self._check_encoding()
        self._check_sizes()
        self._check_choices()
        self._check_colors()
        self._check_mode()
        self._check_fit()
        self._check_resampler()
        self._check_limits()

    def _check_resampler(self) -> None:
        if self.resampler == "pillow":
            return
        if self.algorithm == "hamming":
            raise SettingError("resampler", "simd has no hamming filter: give --resampler pillow, or another filter")
        if self.exact:
            raise SettingError("resampler", "simd gives other bytes than the old script: leave out --exact")

    def _check_limits(self) -> None:
        if self.max_aspect is not None and not self.max_aspect >= 1:
            raise SettingError("max_aspect", f"{self.max_aspect:g} is out of range: give a number from 1 up")
        if not 1 <= self.max_pixels <= 2**40:
            raise SettingError("max_pixels", f"{self.max_pixels} is out of range: give a whole number from 1 up")
        if not 1 <= self.reducing_gap <= 100:
            raise SettingError("reducing_gap", f"{self.reducing_gap} is out of range: give a number from 1 to 100")

    def _check_choices(self) -> None:
        choices = {
            "algorithm": FILTERS,
            "resampler": RESAMPLERS,
            "orientation": ORIENTATIONS,
            "fit": FITS,
            "mode": MODES,
            "color": COLORS,
            "depth_range": DEPTH_RANGES,
            "truncated": TRUNCATED,
            "subsampling": (None, *SUBSAMPLINGS),
        }
        for setting, allowed in choices.items():
            value = getattr(self, setting)
            if value not in allowed:
                raise SettingError(setting, f"{value!r} is none of {', '.join(filter(None, allowed))}")

    def _check_colors(self) -> None:
        for setting in ("pad_color", "background"):
            color = getattr(self, setting)
            if not re.fullmatch(r"#[0-9a-f]{6}", color):
                raise SettingError(setting, f"{color!r} is no colour: give one such as #ffffff")
        if self.pad_color != "#ffffff" and self.fit != "pad":
            raise SettingError("pad_color", f"{self.pad_color} has no effect with --fit {self.fit}: give --fit pad")

    def _check_mode(self) -> None:
        if self.mode != "keep":
            return
        if self.algorithm != "nearest":
            raise SettingError("mode", f"keep takes each pixel as it is: leave out -a {self.algorithm}, or -a nearest")
        if self.extension not in ("", "png"):
            raise SettingError("mode", f"keep cannot be held by {self.extension}: give -ext png")

    def _check_fit(self) -> None:
        if self.fit == "stretch" and self.only_shrink:
            raise SettingError("fit", "stretch always gives SIZE x SIZE pixels: leave --only_shrink out")

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

    def _check_encoding(self) -> None:
        """Refuses what the format does not have; without one, what no format of a source has goes unsaid."""
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise SettingError("quality", f"{self.quality} is out of range: give a whole number from 1 to 100")
        if self.lossless and self.quality is not None:
            raise SettingError("lossless", f"images have no quality: leave out --quality {self.quality}")
        for setting, extensions in ENCODING_SETTINGS.items():
            given = getattr(self, setting)
            if given and self.extension not in ("", *extensions):
                value = "" if given is True else f"{given} "
                formats = " or ".join(extensions)
                raise SettingError(
                    setting, f"{value}has no effect on {self.extension}, only on {formats}: leave it out"
                )

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


def library_versions(spec: ResizeSpec) -> dict[str, str]:
    """Versions of everything that decides an output's bytes besides the settings."""
    extras = {"cykooz-resizer": spec.resampler == "simd", "simplejpeg": spec.check_jpeg}
    return {
        "resizer": str(CORE_VERSION),
        "pillow": features.version("pil") or "",
        "libjpeg": features.version("jpg") or "",
        "libwebp": features.version("webp") or "",
        "libavif": features.version("avif") or "",
        "littlecms": features.version("littlecms2") or "",
        "zlib": features.version("zlib") or "",
        **{name: importlib.metadata.version(name) for name, used in extras.items() if used},
    }
