"""The chunks of a PNG: repair of files that Pillow rejects, and metadata.

https://www.w3.org/TR/png-3/ defines the layout. Except for tRNS, ancillary chunks are not needed to show the pixels.
So one with a wrong checksum is dropped, whereas Pillow would reject the whole image.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from PIL import ImageFile

from transforms.imaging import compat
from transforms.imaging.errors import ImageError, Kind, Stage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_COLOR_TYPE = 25  # the offset of IHDR's color type in the file
_GRAY, _COLOR, _PALETTE = 0, 2, 3
_BEFORE_PIXELS = (b"PLTE", b"tRNS")  # they have no effect after the pixels

# Keywords of texts in which programs store EXIF and XMP. Raw profiles are hexadecimal lines.
_EXIF_TEXTS = (b"exif", b"Raw profile type exif", b"Raw profile type APP1")
_XMP_TEXT = b"XML:com.adobe.xmp"
_LONGEST_TEXT = 1 << 20  # bytes; also Pillow's limit
_LONGEST_PROFILE = 1 << 24


class Chunk(NamedTuple):
    """A chunk: its name, the offset of its length field, and the offset at which its checksum ends."""

    name: bytes
    start: int
    end: int

    def body(self, data: bytes) -> bytes:
        """Return the bytes between the name and the checksum."""
        return data[self.start + 8 : self.end - 4]

    def is_whole(self, data: bytes) -> bool:
        """Return whether the file contains the whole chunk."""
        return self.end <= len(data)

    def is_intact(self, data: bytes) -> bool:
        """Return whether the chunk is whole and its checksum is correct."""
        if not self.is_whole(data):
            return False
        return data[self.end - 4 : self.end] == _checksum(data, self)


class Metadata(NamedTuple):
    """The metadata in intact chunks, before or after the pixels. A field is None if there is no such chunk."""

    exif: bytes | None
    xmp: bytes | None
    cicp: bytes | None


def _checksum(data: bytes, chunk: Chunk) -> bytes:
    return zlib.crc32(memoryview(data)[chunk.start + 4 : chunk.end - 4]).to_bytes(4, "big")


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks in order, up to IEND or to bytes that are not a chunk. The last one may be truncated."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if not name.isalpha():
            return
        yield Chunk(name, at, at + 12 + length)
        if name == b"IEND":
            return
        at += 12 + length


def depth(data: bytes) -> int:
    """Return the number of bits per sample."""
    return data[24]


def end_of_image(data: bytes) -> int | None:
    """Return the offset at which the IEND chunk ends; None if there is no IEND chunk."""
    return next((chunk.end for chunk in chunks(data) if chunk.name == b"IEND"), None)


def _deciding_chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks that the pixels depend on. Ignore a palette or transparency that follows the pixels."""
    in_pixels = False
    for chunk in chunks(data):
        in_pixels = in_pixels or chunk.name == b"IDAT"
        if _decides_pixels(chunk.name, data) and not (in_pixels and chunk.name in _BEFORE_PIXELS):
            yield chunk


def _decides_pixels(name: bytes, data: bytes) -> bool:
    """Return whether the pixels depend on a chunk of this name."""
    color_type = data[_COLOR_TYPE] if len(data) > _COLOR_TYPE else None
    if name == b"PLTE":
        return color_type == _PALETTE
    if name == b"tRNS":
        return color_type in (_GRAY, _COLOR, _PALETTE)
    return name in (b"IHDR", b"IDAT")


def repair(data: bytes) -> tuple[bytes, bool]:
    """Return the file without broken or late ancillary chunks, and whether any were dropped.

    A chunk is broken if it is truncated or has a wrong checksum. It is late if it is a palette or transparency that
    follows the pixels. A broken palette or transparency before the pixels gets the checksum that Pillow requires:
    `find_damage` reports it.
    """
    pieces, kept = [], 0
    dropped = in_pixels = False
    for chunk in chunks(data):
        in_pixels = in_pixels or chunk.name == b"IDAT"
        if chunk.name in (b"IHDR", b"IDAT", b"fdAT", b"IEND"):
            continue
        decides = _decides_pixels(chunk.name, data)
        if chunk.is_intact(data) and not (decides and in_pixels):
            continue
        pieces.append(data[kept : chunk.start])
        kept = chunk.end
        if decides and not in_pixels:
            pieces.append(_with_checksum(data, chunk))
        else:
            dropped = True
    return (b"".join(pieces) + data[kept:], dropped) if kept else (data, False)


def _with_checksum(data: bytes, chunk: Chunk) -> bytes:
    if not chunk.is_whole(data):
        return data[chunk.start :]
    return data[chunk.start : chunk.end - 4] + _checksum(data, chunk)


def without_metadata(data: bytes) -> bytes | None:
    """Return the file without metadata; None if it has no metadata.

    Of an animation, keep the pixels of the default picture only.
    """
    needed = list(_deciding_chunks(data))
    pieces = [
        data[chunk.start : chunk.end] if chunk.name in (b"IHDR", b"IDAT") else _with_checksum(data, chunk)
        for chunk in needed
    ]
    is_whole = bool(needed) and needed[-1].is_whole(data)
    shortened = SIGNATURE + b"".join(pieces) + (_END if is_whole else b"")
    return shortened if len(shortened) < len(data) else None


def find_damage(data: bytes) -> ImageError | None:
    """Return an error about the first broken chunk that the pixels depend on; None if there is none.

    A decoder may read such a chunk without an error.
    """
    for chunk in _deciding_chunks(data):
        if chunk.is_intact(data):
            continue
        place = f"its {chunk.name.decode()} chunk at byte {chunk.start}"
        if not chunk.is_whole(data):
            return ImageError(Kind.TRUNCATED, Stage.DECODE, f"the file is truncated: it ends inside {place}")
        message = f"the checksum of {place} is wrong: use --truncated accept to keep the pixels as they are"
        return ImageError(Kind.DAMAGED, Stage.DECODE, message)
    return None


def read_metadata(data: bytes) -> Metadata:
    """Return the metadata. If there are several chunks of one kind, the first one counts."""
    values: dict[str, bytes] = {}
    for chunk in chunks(data):
        if chunk.name in (b"eXIf", b"cICP", b"tEXt", b"zTXt", b"iTXt") and chunk.is_intact(data):
            for kind, value in _values_of(chunk.name, chunk.body(data)):
                if value:
                    values.setdefault(kind, value)
    exif = values.get("exif") or values.get("exif text")
    return Metadata(exif, values.get("xmp"), values.get("cicp"))


def read_profile(data: bytes) -> bytes | None:
    """Return the ICC profile of up to 16 MB; empty if it cannot be read, None if there is none."""
    chunk = next((chunk for chunk in chunks(data) if chunk.name == b"iCCP"), None)
    if chunk is None:
        return None
    return _decompress(chunk.body(data).partition(b"\0")[2][1:], _LONGEST_PROFILE) if chunk.is_intact(data) else b""


def _values_of(name: bytes, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the kind and the value of a chunk's metadata, if the kind is used."""
    if name == b"eXIf":
        yield "exif", body
    elif name == b"cICP":
        yield "cicp", body
    else:
        keyword, _, rest = body.partition(b"\0")
        if keyword == _XMP_TEXT:
            yield "xmp", _text(name, rest)
        elif keyword in _EXIF_TEXTS:
            value = _text(name, rest)
            yield "exif text", value if keyword == b"exif" else _from_hexadecimal(value)


def _text(name: bytes, rest: bytes) -> bytes:
    """Return the decompressed text without its header; empty if it is broken, or longer than Pillow allows."""
    is_compressed = name == b"zTXt"
    if name == b"zTXt":
        rest = rest[1:]
    elif name == b"iTXt":
        is_compressed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return _decompress(rest, _LONGEST_TEXT) if is_compressed else rest


def _decompress(compressed: bytes, longest: int) -> bytes:
    """Return the decompressed data; empty if it is broken, or longer than `longest` bytes."""
    decompressor = zlib.decompressobj()
    try:
        text = decompressor.decompress(compressed, longest)
    except zlib.error:
        return b""
    return b"" if decompressor.unconsumed_tail else text


def _from_hexadecimal(text: bytes) -> bytes:
    """Return the bytes of a raw profile, which follow the lines with its name and its length."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""


def correct_transparency(image: ImageFile.ImageFile) -> bool:
    """Scale the transparent color of an opened PNG to 8 bits, or remove a 16-bit one. Return whether it was removed.

    Pillow scales gray of 2 and 4 bits to 0 to 255, but not the transparent color.
    """
    if "transparency" not in image.info:
        return False
    raw_mode = compat.raw_mode_of(image)
    if "16" in raw_mode:
        del image.info["transparency"]
        return True
    image.info["transparency"] = _to_8_bits(image.info["transparency"], raw_mode)
    return False


def _to_8_bits(transparency: Any, raw_mode: str) -> Any:
    return transparency * {"L;2": 85, "L;4": 17}.get(raw_mode, 1) if isinstance(transparency, int) else transparency
