"""The chunks of a PNG: what Pillow can read of a file with faults, and what stands beside the pixels.

The layout is that of https://www.w3.org/TR/png-3/. Ancillary chunks are not needed to show the pixels, except
tRNS: one with a wrong checksum is dropped, where Pillow would refuse the whole image.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from PIL import ImageFile

from transforms.imaging.errors import ImageError, Kind, Stage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_COLOR_TYPE = 25  # the place of IHDR's colour type in the file
_GRAY, _COLOR, _PALETTE = 0, 2, 3

# Texts in which programs keep EXIF and XMP. The profiles are written as hexadecimal lines.
_EXIF_TEXTS = (b"exif", b"Raw profile type exif", b"Raw profile type APP1")
_XMP_TEXT = b"XML:com.adobe.xmp"
_LONGEST_TEXT = 1 << 20  # in bytes; Pillow's limit too
_LONGEST_PROFILE = 1 << 24


class Chunk(NamedTuple):
    """A chunk's name, and where it starts and ends in the file: from its length to its checksum."""

    name: bytes
    start: int
    end: int

    def body(self, data: bytes) -> bytes:
        """What stands between the name and the checksum."""
        return data[self.start + 8 : self.end - 4]

    def is_whole(self, data: bytes) -> bool:
        """Whether the file goes on to the end of the chunk."""
        return self.end <= len(data)

    def is_intact(self, data: bytes) -> bool:
        """Whether the chunk is whole and its checksum is right."""
        if not self.is_whole(data):
            return False
        return data[self.end - 4 : self.end] == _checksum(data, self)


class Metadata(NamedTuple):
    """What intact chunks say beside the pixels; None where there is no such chunk.

    They may stand before or behind the pixels.
    """

    exif: bytes | None
    xmp: bytes | None
    cicp: bytes | None


def _checksum(data: bytes, chunk: Chunk) -> bytes:
    return zlib.crc32(memoryview(data)[chunk.start + 4 : chunk.end - 4]).to_bytes(4, "big")


def chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks in order, up to IEND or to bytes that are no chunk. The last may be cut off."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if not name.isalpha():
            return
        yield Chunk(name, at, at + 12 + length)
        if name == b"IEND":
            return
        at += 12 + length


def _decides_pixels(name: bytes, data: bytes) -> bool:
    """Whether other bytes in a chunk of this name make other pixels."""
    color_type = data[_COLOR_TYPE] if len(data) > _COLOR_TYPE else None
    if name == b"PLTE":
        return color_type == _PALETTE
    if name == b"tRNS":
        return color_type in (_GRAY, _COLOR, _PALETTE)
    return name in (b"IHDR", b"IDAT")


def mended(data: bytes) -> tuple[bytes, bool]:
    """The file without ancillary chunks that are cut off or have a wrong checksum, and whether there were any.

    A palette and a transparency get the checksum that Pillow asks for: `damage` finds those.
    """
    pieces, kept = [], 0
    dropped = False
    for chunk in chunks(data):
        if chunk.name in (b"IHDR", b"IDAT", b"fdAT", b"IEND") or chunk.is_intact(data):
            continue
        pieces.append(data[kept : chunk.start])
        kept = chunk.end
        if _decides_pixels(chunk.name, data):
            pieces.append(_with_checksum(data, chunk))
        else:
            dropped = True
    return (b"".join(pieces) + data[kept:], dropped) if kept else (data, False)


def _with_checksum(data: bytes, chunk: Chunk) -> bytes:
    if not chunk.is_whole(data):
        return data[chunk.start :]
    return data[chunk.start : chunk.end - 4] + _checksum(data, chunk)


def bare(data: bytes) -> bytes | None:
    """The file with nothing but its pixels; None where nothing else is in it.

    Of an animation that is the default picture, which is the first one or stands for it.
    """
    needed = [chunk for chunk in chunks(data) if _decides_pixels(chunk.name, data)]
    pieces = [
        data[chunk.start : chunk.end] if chunk.name in (b"IHDR", b"IDAT") else _with_checksum(data, chunk)
        for chunk in needed
    ]
    whole = bool(needed) and needed[-1].is_whole(data)
    file = SIGNATURE + b"".join(pieces) + (_END if whole else b"")
    return file if len(file) < len(data) else None


def damage(data: bytes) -> ImageError | None:
    """What is wrong with the chunks that decide the pixels, though a decoder may read them; None if all is well."""
    for chunk in chunks(data):
        if not _decides_pixels(chunk.name, data) or chunk.is_intact(data):
            continue
        what = f"its {chunk.name.decode()} chunk at byte {chunk.start}"
        if not chunk.is_whole(data):
            return ImageError(Kind.TRUNCATED, Stage.DECODE, f"the file is truncated: it ends inside {what}")
        message = f"the checksum of {what} is wrong: --truncated accept takes the pixels as they are"
        return ImageError(Kind.DAMAGED, Stage.DECODE, message)
    return None


def metadata(data: bytes) -> Metadata:
    """What the file says beside its pixels. The first chunk of a kind counts."""
    found: dict[str, bytes] = {}
    for chunk in chunks(data):
        if chunk.name in (b"eXIf", b"cICP", b"tEXt", b"zTXt", b"iTXt") and chunk.is_intact(data):
            for kind, value in _told(chunk.name, chunk.body(data)):
                if value:
                    found.setdefault(kind, value)
    exif = found.get("exif") or found.get("exif text")
    return Metadata(exif, found.get("xmp"), found.get("cicp"))


def profile(data: bytes) -> bytes | None:
    """The ICC profile, of up to 16 MB; empty if it cannot be read, None if there is none."""
    chunk = next((chunk for chunk in chunks(data) if chunk.name == b"iCCP"), None)
    if chunk is None:
        return None
    return _unpacked(chunk.body(data).partition(b"\0")[2][1:], _LONGEST_PROFILE) if chunk.is_intact(data) else b""


def _told(name: bytes, body: bytes) -> Iterator[tuple[str, bytes]]:
    """The kind and the value of what a chunk says, if it is wanted."""
    if name == b"eXIf":
        yield "exif", body
    elif name == b"cICP":
        yield "cicp", body
    else:
        key, _, rest = body.partition(b"\0")
        if key == _XMP_TEXT:
            yield "xmp", _text(name, rest)
        elif key in _EXIF_TEXTS:
            value = _text(name, rest)
            yield "exif text", value if key == b"exif" else _from_hexadecimal(value)


def _text(name: bytes, rest: bytes) -> bytes:
    """A text without its head, unpacked; empty if it is broken, or longer than Pillow reads."""
    packed = name == b"zTXt"
    if name == b"zTXt":
        rest = rest[1:]
    elif name == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return _unpacked(rest, _LONGEST_TEXT) if packed else rest


def _unpacked(packed: bytes, longest: int) -> bytes:
    """What was packed; empty if it is broken, or longer than `longest` bytes."""
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, longest)
    except zlib.error:
        return b""
    return b"" if unpacking.unconsumed_tail else text


def _from_hexadecimal(text: bytes) -> bytes:
    """A profile's bytes, from the lines below its name and its length."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""


def is_transparency_ignored(image: ImageFile.ImageFile) -> bool:
    """Brings a PNG's transparent colour to the 8 bits of the pixels; takes it away, which is true, where it has 16.

    Pillow spreads gray of 2 and 4 bits over 0 to 255, and leaves the colour as it was.
    """
    if "transparency" not in image.info:
        return False
    rawmode = next((tile.args for tile in image.tile if isinstance(tile.args, str)), "")
    if "16" in rawmode:
        del image.info["transparency"]
        return True
    image.info["transparency"] = _spread(image.info["transparency"], rawmode)
    return False


def _spread(transparency: Any, rawmode: str) -> Any:
    return transparency * {"L;2": 85, "L;4": 17}.get(rawmode, 1) if isinstance(transparency, int) else transparency
