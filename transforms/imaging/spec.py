"""The settings of the core, which are validated when they are set."""

from __future__ import annotations

import dataclasses
import numbers
import re

from PIL import Image, features

from transforms.imaging.extras import installed

# The version of the core. Increment it whenever the same image and settings would produce other bytes.
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
# Alternative spelling of an extension -> the extension.
SPELLINGS = {"jpeg": "jpg"}
LONGEST_SIDE = {"jpg": 65_500, "png": 65_500, "webp": 16_383, "avif": 32_768}

# Settings of encoders -> the extensions of the formats that have them.
ENCODING_SETTINGS = {
    "quality": ("jpg", "webp", "avif"),
    "subsampling": ("jpg", "avif"),
    "progressive": ("jpg",),
    "lossless": ("webp",),
}

# The number of pixels above which Pillow itself raises an error: twice a quarter of a gigabyte of RGB.
MAX_PIXELS = 178_956_970


class SettingError(ValueError):
    """A setting has a value that is not allowed. The message names the value and what is allowed.

    Args:
        setting: the name of the field.
        message: the value, what is allowed, and what to do.
    """

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


# "auto" is replaced by one of the others, see `automatic_orientation`.
AUTO = "auto"
ORIENTATIONS = ("stored", "exif")

# How an image fits its SIZE; see `geometry.target_of`.
FITS = ("contain", "cover", "crop", "pad", "stretch")

MODES = ("RGB", "L", "keep")
COLORS = ("keep-numbers", "srgb")
DEPTH_RANGES = ("full", "auto")
TRUNCATED = ("fail", "accept")
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")

# The annotation of a field -> the type of its values, and what the type is called.
_TYPES: dict[str, tuple[type, str]] = {
    "bool": (bool, "True or False"),
    "int": (numbers.Integral, "a whole number"),
    "float": (numbers.Real, "a number"),
    "str": (str, "a string"),
}


@dataclasses.dataclass(frozen=True)
class ResizeSpec:
    """The settings for resizing one image to one or several sizes.

    Args:
        sizes: one for each output, in pixels: its longest side, or the measure that `fit` defines.
        orientation: "stored" keeps pixels as they are; "exif" turns them upright by EXIF, or else XMP. "auto" is
            replaced by one of them when the spec is created, see `automatic_orientation`.
        fit: "contain" (longest side = size), "cover" (shortest side = size), "crop" (the center, size x size),
            "pad" (contain, centered on size x size) or "stretch" (size x size).
        pad_color: the color with which "pad" fills, as #rrggbb.
        mode: "RGB", "L" (gray), or "keep", which leaves palettes and gray unchanged, for masks.
        background: the color on which transparent images are composited, as #rrggbb.
        color: "keep-numbers" drops a color profile; "srgb" uses it to convert to sRGB.
        depth_range: "full" maps the whole range of a deep pixel type to 0..255; "auto" maps the range of each image.
        truncated: "fail", or "accept" to accept JPEGs that end early and PNGs with wrong checksums.
        check_jpeg: whether to reject JPEGs with damage that decoders only warn about; requires the extra `check`.
        max_pixels: the maximum number of pixels of images and outputs.
        extension: "jpg" (or "jpeg", which becomes "jpg"), "png", "webp" or "avif"; "" keeps the source's format.
        algorithm: a name in `FILTERS`.
        exact: whether to decode images at full size and to make each size from the decoded image.
        reducing_gap: an image that is decoded at a reduced scale stays at least this many times larger than the
            target on each side; 1 to 100.
        only_shrink: whether to never enlarge: with `fit` "contain", an image whose longest side is at most the size
            keeps its dimensions.
        keep_small: whether to store a source that needs no change byte for byte, with its metadata; implies
            `only_shrink`.
        quality: 1 to 100 for JPEG, WebP and AVIF; None for Pillow's defaults (75, 80 and 75).
        subsampling: the chroma subsampling of JPEG and AVIF, "4:4:4", "4:2:2" or "4:2:0"; None for 4:2:0.
        progressive: whether to write progressive JPEGs.
        lossless: whether to write lossless WebP.
        min_side: skip images whose shortest side is below this, in pixels.
        max_aspect: skip images whose longest side is more than this many times the shortest; None to skip none.

    Raises:
        SettingError: a value is not allowed.
    """

    sizes: tuple[int, ...] = (512,)
    orientation: str = AUTO
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
    exact: bool = False
    reducing_gap: float = 1.5
    only_shrink: bool = False
    keep_small: bool = False
    quality: int | None = None
    subsampling: str | None = None
    progressive: bool = False
    lossless: bool = False
    min_side: int = 1
    max_aspect: float | None = None

    def __post_init__(self) -> None:
        self._check_types()
        if self.orientation == AUTO:
            object.__setattr__(self, "orientation", automatic_orientation(self.exact))
        object.__setattr__(self, "extension", SPELLINGS.get(self.extension, self.extension))
        self._check_formats()
        self._check_encoding()
        self._check_sizes()
        self._check_choices()
        self._check_colors()
        self._check_mode()
        self._check_fit()
        self._check_limits()
        if self.keep_small:
            object.__setattr__(self, "only_shrink", True)

    def _check_types(self) -> None:
        """Reject values of a wrong type: deeper in the core, they would look like damage of the image."""
        if not isinstance(self.sizes, (tuple, list)):
            raise SettingError("size", f"{self.sizes!r} is not a tuple of sizes: use one such as (512, 256)")
        object.__setattr__(self, "sizes", tuple(self.sizes))
        for size in self.sizes:
            _check_type("size", size, "int")
        for field in dataclasses.fields(self):
            annotation, _, none = str(field.type).partition(" | ")
            value = getattr(self, field.name)
            if field.name != "sizes" and not (none and value is None):
                _check_type(field.name, value, annotation)

    def _check_limits(self) -> None:
        if self.max_aspect is not None and not self.max_aspect >= 1:
            raise SettingError("max_aspect", f"{self.max_aspect:g} is out of range: use a number of 1 or more")
        if not 1 <= self.max_pixels <= 2**40:
            raise SettingError("max_pixels", f"{self.max_pixels} is out of range: use a whole number of 1 or more")
        if not 1 <= self.reducing_gap <= 100:
            raise SettingError("reducing_gap", f"{self.reducing_gap} is out of range: use a number from 1 to 100")

    def _check_choices(self) -> None:
        choices = {
            "algorithm": FILTERS,
            "orientation": (AUTO, *ORIENTATIONS),
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
                raise SettingError(setting, f"{value!r} is not one of {', '.join(filter(None, allowed))}: choose one")

    def _check_colors(self) -> None:
        for setting in ("pad_color", "background"):
            color = getattr(self, setting)
            if not re.fullmatch(r"#[0-9a-f]{6}", color):
                raise SettingError(setting, f"{color!r} is not a color: use one such as #ffffff")
        if self.pad_color != "#ffffff" and self.fit != "pad":
            raise SettingError("pad_color", f"{self.pad_color} has no effect with --fit {self.fit}: use --fit pad")

    def _check_mode(self) -> None:
        if self.mode != "keep":
            return
        if self.algorithm != "nearest":
            raise SettingError("mode", f"keep does not interpolate: leave out -a {self.algorithm}, or use -a nearest")
        if self.extension not in ("", "png"):
            raise SettingError("mode", f"keep cannot be written as {self.extension}: use -ext png")

    def _check_fit(self) -> None:
        for setting in ("only_shrink", "keep_small"):
            if self.fit == "stretch" and getattr(self, setting):
                raise SettingError("fit", f"stretch always makes SIZE x SIZE pixels: leave out --{setting}")

    def _check_sizes(self) -> None:
        longest = LONGEST_SIDE[self.extension or "jpg"]
        for size in self.sizes:
            if not 1 <= size <= longest:
                images = f"{self.extension} images" if self.extension else "images"
                raise SettingError("size", f"{size} is out of range: {images} can have 1 to {longest} pixels per side")
        if not self.sizes:
            raise SettingError("size", "() has no size: list one or more")
        if len(set(self.sizes)) != len(self.sizes):
            sizes = " ".join(map(str, self.sizes))
            raise SettingError("size", f"{sizes!r} is not a list of different sizes: list each size once")

    def _check_formats(self) -> None:
        if self.extension and self.extension not in FORMATS:
            raise SettingError(
                "extension",
                f"{self.extension!r} cannot be written: use one of {', '.join(FORMATS)}, or '' to keep each format",
            )

    def _check_encoding(self) -> None:
        """Reject settings that the format does not have. Without an extension, formats ignore them."""
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise SettingError("quality", f"{self.quality} is out of range: use a whole number from 1 to 100")
        if self.lossless and self.quality is not None:
            raise SettingError("lossless", f"images do not have a quality setting: leave out --quality {self.quality}")
        for setting, extensions in ENCODING_SETTINGS.items():
            value = getattr(self, setting)
            if value and self.extension not in ("", *extensions):
                subject = "" if value is True else f"{value} "
                formats = " or ".join(extensions)
                raise SettingError(
                    setting, f"{subject}has no effect on {self.extension}, only on {formats}: leave it out"
                )

    @property
    def filter(self) -> Image.Resampling:
        """Pillow's filter for `algorithm`."""
        return FILTERS[self.algorithm]

    @property
    def reduces(self) -> bool:
        """Whether images may be decoded at a reduced scale, since the filter's result is nearly the same."""
        return not self.exact and self.algorithm not in ("nearest", "box")

    @property
    def chains(self) -> bool:
        """Whether a smaller size may be resized from a larger one."""
        return not self.exact and self.algorithm in ("lanczos", "bicubic")


def _check_type(setting: str, value: object, annotation: str) -> None:
    of_type, called = _TYPES[annotation]
    if not isinstance(value, of_type) or (isinstance(value, bool) and of_type is not bool):
        raise SettingError(setting, f"{value!r} is not {called}: use one")


def automatic_orientation(exact: bool) -> str:
    """Return what "auto" means: upright, as in viewers; with `exact` as stored, like the first script."""
    return "stored" if exact else "exif"


def library_versions(spec: ResizeSpec) -> dict[str, str]:
    """Return the versions of the core and of the libraries that affect an output's bytes, with installed extras."""
    import importlib.metadata  # loaded here because it is slow and workers do not need it

    return {
        "resizer": str(CORE_VERSION),
        "pillow": features.version("pil") or "",
        "libjpeg": features.version("libjpeg_turbo") or features.version("jpg") or "",  # the latter is an ABI version
        "libwebp": features.version("webp") or "",
        "libavif": features.version("avif") or "",
        "littlecms": features.version("littlecms2") or "",
        "zlib": features.version("zlib") or "",
        **({"simplejpeg": importlib.metadata.version("simplejpeg")} if spec.check_jpeg else {}),
        **{extra.distribution: extra.version for extra in installed()},
    }
