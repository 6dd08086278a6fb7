"""CICP color spaces, from the cICP chunk of a PNG or the nclx box of an AVIF -> ICC profiles.

ITU-T H.273 defines the code points (CICP), and the primaries and curves that they identify.
"""

from __future__ import annotations

import functools
import struct
from typing import NamedTuple

from transforms.imaging import icc
from transforms.imaging.isobmff import boxes

_UNSPECIFIED = 2
_BT709, _SRGB_CURVE = 1, 13
_VIDEO_CURVES = (1, 6, 14, 15)  # one curve under four names

_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
# Primaries -> the (x, y) of red, green, blue and white.
_PRIMARIES = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),  # BT.709, sRGB
    4: ((0.670, 0.330), (0.210, 0.710), (0.140, 0.080), _C),  # BT.470 M
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65),  # BT.601, 625 lines
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),  # BT.601, 525 lines
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),  # SMPTE 240
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),  # BT.2020
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),  # DCI P3
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),  # Display P3
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),  # EBU 3213
}
_VIDEO = (1 / 0.45, 1 / 1.09929682680944, 0.09929682680944 / 1.09929682680944, 1 / 4.5, 4.5 * 0.018053968510807)
# Transfer -> the parameters of an ICC curve: an exponent g, or (g, a, b, c, d): (aX + b) ** g for X >= d, else cX.
_CURVES: dict[int, tuple[float, ...]] = {
    **dict.fromkeys(_VIDEO_CURVES, _VIDEO),
    4: (2.2,),
    5: (2.8,),
    8: (1.0,),
    _SRGB_CURVE: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
}


class Cicp(NamedTuple):
    """A color space as code points of H.273. `rgb` is true only if the pixels are full-range RGB."""

    primaries: int
    transfer: int
    rgb: bool = True

    @property
    def is_srgb(self) -> bool:
        """Whether the color space is sRGB. BT.709's curve with BT.709's primaries is displayed as sRGB."""
        return self.rgb and self.primaries == _BT709 and self.transfer in (_SRGB_CURVE, *_VIDEO_CURVES)

    @property
    def is_known(self) -> bool:
        """Whether `profile` can build a profile. It cannot for high-dynamic-range curves (PQ, HLG)."""
        return self.rgb and self.primaries in _PRIMARIES and self.transfer in _CURVES


def from_png(body: bytes | None) -> Cicp | None:
    """Return the color space in the body of a cICP chunk; None if there is no chunk, or it specifies none."""
    if body is None or len(body) != 4:
        return None
    primaries, transfer, matrix, full_range = body
    return _specified(Cicp(primaries, transfer, matrix == 0 and full_range == 1))


def from_avif(data: bytes) -> Cicp | None:
    """Return the first nclx color space of an AVIF; None if there is none, or it specifies none.

    ISO/IEC 14496-12, 12.1.5, and 23008-12, 9.3, define the layout. The decoder applies the matrix and the range.
    """
    meta = next(boxes(data, b"meta"), b"")[4:]  # without its version and flags
    for properties in boxes(next(boxes(meta, b"iprp"), b""), b"ipco"):
        for color in boxes(properties, b"colr"):
            if color[:4] == b"nclx" and len(color) >= 8:
                return of_numbers(*struct.unpack_from(">HH", color, 4))
    return None


def of_numbers(primaries: int, transfer: int) -> Cicp | None:
    """Return the color space of full-range RGB pixels; None if a code point is "unspecified"."""
    return _specified(Cicp(primaries, transfer))


def _specified(space: Cicp) -> Cicp | None:
    return None if _UNSPECIFIED in (space.primaries, space.transfer) else space


@functools.lru_cache(maxsize=32)
def profile(space: Cicp, *, gray: bool) -> bytes:
    """Return an ICC profile of the color space, for gray or RGB pixels.

    Raises:
        ValueError: there is no profile for it (see `Cicp.is_known`).
    """
    if not space.is_known:
        raise ValueError(f"no color profile for primaries {space.primaries} with transfer {space.transfer}")
    curve = _CURVES[space.transfer]
    return icc.gray(curve) if gray else icc.rgb(_PRIMARIES[space.primaries], curve)
