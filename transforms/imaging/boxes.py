"""Boxes annotated on a source -> boxes of its output, computed from columns of the manifest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from transforms.imaging.geometry import Box

# EXIF orientation -> the function that maps a point of the unit square when the picture is turned upright.
_TURNS: dict[int, Callable[[float, float], tuple[float, float]]] = {
    1: lambda u, v: (u, v),
    2: lambda u, v: (1 - u, v),
    3: lambda u, v: (1 - u, 1 - v),
    4: lambda u, v: (u, 1 - v),
    5: lambda u, v: (v, u),
    6: lambda u, v: (1 - v, u),
    7: lambda u, v: (1 - v, 1 - u),
    8: lambda u, v: (v, 1 - u),
}


def map_box(
    box: Sequence[float],
    source_box: Sequence[float],
    output_box: Sequence[float],
    orientation: int = 1,
    source_size: tuple[int, int] | None = None,
) -> Box | None:
    """Map a box from the source to the output.

    Args:
        box: (x0, y0, x1, y1) in the frame of the stored pixels: in pixels, or, with `source_size`,
            normalized to 0..1.
        source_box: the column `source_box` of the manifest, or the field of the output's `Target`.
        output_box: the column or field `output_box`.
        orientation: the column or field `orientation`.
        source_size: (width, height) of the source in pixels, for a normalized box.

    Returns:
        (x0, y0, x1, y1) in the output's pixels, clipped to the visible part; None if nothing of the box is visible.
    """
    width, height = source_size or (1, 1)
    left, top, right, bottom = source_box
    u0, u1 = (_unit(x * width, left, right) for x in (box[0], box[2]))
    v0, v1 = (_unit(y * height, top, bottom) for y in (box[1], box[3]))
    if u0 >= u1 or v0 >= v1:
        return None
    turn = _TURNS[orientation]
    (a, b), (c, d) = turn(u0, v0), turn(u1, v1)
    x0, y0, x1, y1 = output_box
    return (
        x0 + min(a, c) * (x1 - x0),
        y0 + min(b, d) * (y1 - y0),
        x0 + max(a, c) * (x1 - x0),
        y0 + max(b, d) * (y1 - y0),
    )


def _unit(value: float, first: float, last: float) -> float:
    """Scale a value from the range `first` to `last` to the range 0 to 1, and clip it."""
    return min(1.0, max(0.0, (value - first) / (last - first)))
