"""The frame header of a JPEG, which determines whether decoders can read it and whether they can scale it.

libjpeg applies a scale or another color space only to DCT frames. For a lossless frame, it ignores the request and
returns whole lines, and Pillow before 13 writes them past the end of its smaller buffer. So never request a scale
from a decoder unless `may_be_scaled` is true.

ITU-T T.81 (https://www.w3.org/Graphics/JPEG/itu-t81.pdf), table B.1, defines the markers.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

_START_OF_IMAGE, _EOI = b"\xff\xd8", 0xD9
# A marker that begins a segment or ends the image. It does not match coded data or restart markers.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_DHT, _JPG, _DAC, _SOS, _DQT, _DNL, _DRI, _DHP = 0xC4, 0xC8, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE
_APP0, _APP1, _APP14, _APP15, _JPEG_LS, _COM = 0xE0, 0xE1, 0xEE, 0xEF, 0xF7, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, _JPG, _DAC} | {_DHP, _JPEG_LS}
_ALONE = frozenset({_JPG, *range(0xD0, 0xDA), *range(0xF0, 0xFE), 0})  # Pillow reads no segment for these
_OTHERS = frozenset({_DHT, _DAC, _DQT, _DNL, _DRI, _COM, *range(_APP0, _APP15 + 1)})

# Frames coded with the discrete cosine transform (DCT). libjpeg decodes them at any of its scales.
_DCT = {
    0xC0: "baseline JPEG (SOF0)",
    0xC1: "extended JPEG (SOF1)",
    0xC2: "progressive JPEG (SOF2)",
    0xC9: "arithmetic-coded JPEG (SOF9)",
    0xCA: "progressive arithmetic-coded JPEG (SOF10)",
}
_ARITHMETIC = frozenset({0xC9, 0xCA})
_LOSSLESS = 0xC3
_NAMES = _DCT | {
    _LOSSLESS: "lossless JPEG (SOF3)",
    0xCB: "lossless arithmetic-coded JPEG (SOF11)",
    _DHP: "hierarchical JPEG (DHP)",
    _JPEG_LS: "JPEG-LS (SOF55)",
}


class Frame(NamedTuple):
    """A frame header.

    Args:
        marker: the second byte of its marker, such as 0xC0 for SOF0.
        bits: the number of bits per sample.
        width: in pixels.
        height: in pixels; 0 if a segment after the first scan defines it.
        identifiers: the identifiers of the components, in order.
        jfif: whether a JFIF segment precedes the first scan.
        transform: the color transform of an Adobe segment before the first scan; None if there is none.
    """

    marker: int
    bits: int
    width: int
    height: int
    identifiers: tuple[int, ...]
    jfif: bool = False
    transform: int | None = None

    @property
    def coding(self) -> str:
        """The name of the pixels' coding."""
        return _NAMES.get(self.marker) or f"hierarchical JPEG (SOF{self.marker - 0xC0})"


def read_frame(data: bytes) -> Frame | None:
    """Return the frame header before a JPEG's first scan; None if it is not unambiguous.

    Programs may disagree on the frame header if there is none or more than one, if a marker is unknown or out of
    place, or if there are stray bytes between the segments.
    """
    frame, jfif, transform = None, False, None
    for marker, body in _segments(data):
        if marker == _SOS:
            return frame and frame._replace(jfif=jfif, transform=transform)
        if marker in _FRAMES:
            new = _frame(marker, body)
            if new is None or frame is not None:
                return None
            if marker in (_DHP, _JPEG_LS):  # neither Pillow nor libjpeg reads on
                return new
            frame = new
        elif marker not in _OTHERS:
            return None
        elif marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 14:
            jfif = True
        elif marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12:
            transform = body[11]
    return None


def may_be_scaled(data: bytes) -> bool:
    """Return whether a decoder may be asked for a scale or another color space of this JPEG.

    Call this function before every such request.
    """
    frame = read_frame(data)
    return frame is not None and frame.marker in _DCT and frame.bits == 8 and len(frame.identifiers) in (1, 3, 4)


def is_common(data: bytes) -> bool:
    """Return whether a JPEG has the common coding that every program reads: DCT with Huffman codes, 8 bits."""
    frame = read_frame(data)
    return frame is not None and frame.marker in _DCT.keys() - _ARITHMETIC and frame.bits == 8


def unsupported_coding(data: bytes) -> str | None:
    """Return the name of a JPEG's coding if this program cannot decode it; None for any other file."""
    frame = read_frame(data) if data.startswith(_START_OF_IMAGE) else None
    return frame and _unsupported_coding(frame)


def exif_of(data: bytes) -> bytes:
    """Return the EXIF block of a JPEG as Pillow joins it: all EXIF segments, with the header of the first only."""
    parts: list[bytes] = []
    at = data.find(b"\xff", len(_START_OF_IMAGE))
    while at >= 0:
        while data[at : at + 1] == b"\xff":
            at += 1
        marker = int.from_bytes(data[at : at + 1], "big")
        length = 0 if marker in _ALONE else max(2, int.from_bytes(data[at + 1 : at + 3], "big"))
        if marker == _APP1 and data.startswith(b"Exif\0\0", at + 3):
            parts.append(data[at + 3 + (6 if parts else 0) : at + 1 + length])
        at = -1 if marker == _SOS else data.find(b"\xff", at + 1 + length)
    return b"".join(parts)


def end_of_image(data: bytes) -> int | None:
    """Return the offset just after the EOI marker that follows the last scan; None if there is none."""
    at = len(_START_OF_IMAGE)
    while marker := _MARKER.search(data, at):
        at = marker.end()
        if data[at - 1] == _EOI:
            return at
        at += int.from_bytes(data[at : at + 2], "big")
    return None


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (second byte of the marker, body) of each segment, up to the first scan or to bytes outside a segment."""
    at = len(_START_OF_IMAGE)
    if not data.startswith(_START_OF_IMAGE):
        return
    while data[at : at + 1] == b"\xff":
        while data[at : at + 1] == b"\xff":  # any number of fill bytes may precede a marker
            at += 1
        marker, length = data[at : at + 1], int.from_bytes(data[at + 1 : at + 3], "big")
        if not marker or length < 2 or at + 1 + length > len(data):
            return
        yield marker[0], data[at + 3 : at + 1 + length]
        if marker[0] == _SOS:
            return
        at += 1 + length


def _frame(marker: int, body: bytes) -> Frame | None:
    """Return the frame header in a segment; None if its length does not match the number of components."""
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:
        return None
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return Frame(marker, body[0], width, height, tuple(body[6::3]))


def _unsupported_coding(frame: Frame) -> str | None:
    if frame.marker not in _DCT and frame.marker != _LOSSLESS:
        return frame.coding
    if frame.bits != 8 and frame.bits in (range(2, 17) if frame.marker == _LOSSLESS else (12,)):
        return f"{frame.coding} of {frame.bits} bits"
    if frame.bits == 8 and len(frame.identifiers) not in (0, 1, 3, 4):
        return f"{frame.coding} of {len(frame.identifiers)} components"
    if frame.height == 0:
        return f"{frame.coding} with its height after the first scan (DNL)"
    if frame.marker == _LOSSLESS and _is_converted(frame):
        return f"{frame.coding} in {'YCCK' if len(frame.identifiers) == 4 else 'YCbCr'}"
    return frame.coding if frame.marker in _ARITHMETIC and not _reads_arithmetic() else None


def _is_converted(frame: Frame) -> bool:
    """Return whether libjpeg interprets a lossless frame as YCbCr or YCCK, which it cannot convert."""
    jfif = frame.jfif and len(frame.identifiers) == 3
    return len(frame.identifiers) > 1 and (jfif or frame.transform not in (None, 0))


@functools.cache
def _reads_arithmetic() -> bool:
    """Return whether this Pillow's libjpeg supports arithmetic decoding. Try it on a gray image of 8 x 8 pixels."""
    table = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    frame = b"\xff\xc9\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(4)
    try:
        Image.open(io.BytesIO(_START_OF_IMAGE + table + frame + scan + b"\xff\xd9"), formats=("JPEG",)).load()
    except OSError:
        return False
    return True
