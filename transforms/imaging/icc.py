"""ICC profiles built from numbers: for gray, or for RGB with three primaries, with one tone curve."""

from __future__ import annotations

import struct

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
Chromaticity = tuple[float, float]  # (x, y)
# An exponent g, or (g, a, b, c, d): (aX + b) ** g for X >= d, else cX.
Curve = tuple[float, ...]

_VERSION = 0x04400000
_D50: Vector = (0.9642, 1.0, 0.8249)  # the white point of every profile
# The Bradford matrix of cone responses: https://www.color.org/specification/ICC.1-2022-05.pdf, annex E.
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def gray(curve: Curve) -> bytes:
    """Return a profile for gray pixels."""
    return _profile(b"GRAY", {b"kTRC": _parametric(curve)})


def rgb(corners: tuple[Chromaticity, Chromaticity, Chromaticity, Chromaticity], curve: Curve) -> bytes:
    """Return a profile for RGB pixels. `corners` are the chromaticities of red, green, blue and white."""
    red, green, blue = zip(*colorants(corners), strict=True)
    tags = {b"rXYZ": _xyz(red), b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue)}
    return _profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _parametric(curve)))


def colorants(corners: tuple[Chromaticity, Chromaticity, Chromaticity, Chromaticity]) -> Matrix:
    """Return the matrix from linear RGB to XYZ under D50: http://www.brucelindbloom.com/Eqn_RGB_XYZ_Matrix.html."""
    red, green, blue, white = (_from_xy(*corner) for corner in corners)
    primaries = _transpose((red, green, blue))
    to_xyz = _product(primaries, _diagonal(_apply(_inverse(primaries), white)))
    own_white, d50 = _apply(_BRADFORD, white), _apply(_BRADFORD, _D50)
    gains = _diagonal((d50[0] / own_white[0], d50[1] / own_white[1], d50[2] / own_white[2]))
    return _product(_product(_inverse(_BRADFORD), _product(gains, _BRADFORD)), to_xyz)


def _from_xy(x: float, y: float) -> Vector:
    return x / y, 1.0, (1 - x - y) / y


def _transpose(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return (a, d, g), (b, e, h), (c, f, i)


def _diagonal(values: Vector) -> Matrix:
    a, b, c = values
    return (a, 0.0, 0.0), (0.0, b, 0.0), (0.0, 0.0, c)


def _dot(left: Vector, right: Vector) -> float:
    return left[0] * right[0] + left[1] * right[1] + left[2] * right[2]


def _apply(matrix: Matrix, vector: Vector) -> Vector:
    return _dot(matrix[0], vector), _dot(matrix[1], vector), _dot(matrix[2], vector)


def _product(left: Matrix, right: Matrix) -> Matrix:
    first, second, third = (_apply(left, column) for column in _transpose(right))
    return _transpose((first, second, third))


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = _dot((a, b, c), (cofactors[0][0], cofactors[1][0], cofactors[2][0]))
    scale = 1 / determinant
    return _product(_diagonal((scale, scale, scale)), cofactors)


def _fixed(*values: float) -> bytes:
    """Encode numbers as ICC's s15Fixed16Numbers."""
    return struct.pack(f">{len(values)}i", *(round(value * 65_536) for value in values))


def _xyz(values: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _parametric(curve: Curve) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", 0 if len(curve) == 1 else 3, 0) + _fixed(*curve)


def _text(text: str) -> bytes:
    """Encode a text as an English multiLocalizedUnicodeType."""
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", 2 * len(text), 28) + text.encode("utf-16-be")


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a display profile with `tags` and the tags that every profile requires."""
    tags = {b"desc": _text("pixels"), b"cprt": _text("CC0"), b"wtpt": _xyz(_D50)} | tags
    table, bodies, first_body = b"", b"", 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += struct.pack(">4sII", name, first_body + len(bodies), len(body))
        bodies += body + b"\0" * (-len(body) % 4)
    header = struct.pack(">I4xI4s4s4s", first_body + len(bodies), _VERSION, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H4s28x", 2026, 1, 1, 0, 0, 0, b"acsp") + _fixed(*_D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + bodies
