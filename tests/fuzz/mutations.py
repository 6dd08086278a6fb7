"""Ways to damage a file. Each function gets its bytes, those of another file and a random generator."""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable

Mutation = Callable[[bytes, bytes, random.Random], bytes]

_BYTES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
_NUMBERS = {
    2: (0, 1, 2, 255, 256, 0x3FFF, 0x4000, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF),
    4: (0, 1, 255, 4096, 12_000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF),
}
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC3, 0xC3, 0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xDE)
_SIGNATURE = 12  # bytes of the longest signature, RIFF....WEBP
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Boxes of AVIF and JPEG 2000 that contain boxes -> the bytes before the first of them.
_CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"moov": 0, b"trak": 0, b"mdia": 0, b"jp2h": 0}


def mutate(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Apply one to four mutations. Two times in three, keep what is needed to open the file.

    That is the first bytes, and the checksums of a PNG.
    """
    mutated = data
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        mutated = chance.choice(MUTATIONS)(mutated, other, chance)
    return correct_checksums(data[:_SIGNATURE] + mutated[_SIGNATURE:]) if chance.random() < 0.67 else mutated


def _random_offset(data: bytes, chance: random.Random, width: int = 1) -> int:
    """Return a random offset that is followed by `width` bytes. Every other time, it is in the header."""
    end = max(1, len(data) - width + 1)
    return chance.randrange(min(end, 64) if chance.random() < 0.5 else end)


def _put(data: bytes, offset: int, piece: bytes) -> bytes:
    return data[:offset] + piece + data[offset + len(piece) :]


def flip_bits(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Flip one to eight bits."""
    flipped = bytearray(data)
    for _ in range(chance.randint(1, 8) if data else 0):
        flipped[_random_offset(data, chance)] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def set_bytes(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Set one to sixteen adjacent bytes to a boundary value."""
    run = bytes([chance.choice(_BYTES)]) * chance.choice((1, 1, 2, 16))
    return _put(data, _random_offset(data, chance, len(run)), run)


def set_number(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Set 16 or 32 bits, in either byte order, to a boundary value: these are dimensions, lengths, offsets."""
    width = chance.choice((2, 4))
    order = chance.choice(("little", "big"))
    number = chance.choice(_NUMBERS[width]).to_bytes(width, "big" if order == "big" else "little")
    return _put(data, _random_offset(data, chance, width), number)


def randomize(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Replace up to 64 bytes with random ones."""
    return _put(data, _random_offset(data, chance), chance.randbytes(chance.randint(1, 64)))


def truncate(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Keep the beginning. Every other time, keep all but the last few bytes."""
    kept = len(data) - chance.randint(1, 40) if chance.random() < 0.5 else chance.randint(0, len(data))
    return data[: max(0, kept)]


def extend(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Append random bytes, zeros or another file."""
    return data + chance.choice((chance.randbytes(chance.randint(1, 500)), bytes(200), other))


def splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Join the beginning of one file and the end of another."""
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def behead(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Join the header of one file and the body of another."""
    header = min(len(data), chance.choice((4, 8, 12, 16, 26, 33, 54, 100)))
    return data[:header] + other[header:]


def set_frame(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Change the coding of a JPEG's frame, or flip bits if there is no frame."""
    frames = [match.start() + 1 for match in re.finditer(rb"\xff[\xc0-\xc3\xc9-\xcb]\0", data)]
    if not frames or not data.startswith(b"\xff\xd8"):
        return flip_bits(data, other, chance)
    return _put(data, chance.choice(frames), bytes((chance.choice(_FRAMES),)))


def remove_piece(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Remove a chunk, segment or box."""
    pieces = pieces_of(data, chance)
    del pieces[chance.randrange(len(pieces))]
    return b"".join(pieces)


def repeat_piece(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Insert one to twenty copies of a chunk, segment or box after it."""
    pieces = pieces_of(data, chance)
    pieces[chance.randrange(len(pieces))] *= chance.choice((2, 2, 3, 21))
    return b"".join(pieces)


def swap_pieces(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Exchange two chunks, segments or boxes."""
    pieces = pieces_of(data, chance)
    first, second = chance.randrange(len(pieces)), chance.randrange(len(pieces))
    pieces[first], pieces[second] = pieces[second], pieces[first]
    return b"".join(pieces)


def take_piece(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Insert a chunk, segment or box of another file."""
    pieces = pieces_of(data, chance)
    pieces.insert(chance.randint(0, len(pieces)), chance.choice(pieces_of(other, chance)))
    return b"".join(pieces)


MUTATIONS: tuple[Mutation, ...] = (
    *(flip_bits, set_bytes, set_number, set_number, randomize, truncate, extend),
    *(splice, behead, set_frame, remove_piece, repeat_piece, swap_pieces, take_piece),
)


def pieces_of(data: bytes, chance: random.Random) -> list[bytes]:
    """Split a file into chunks, segments, boxes or TIFF tags, or else at random. Return at least one piece."""
    cuts: list[int] = []
    if data.startswith(_PNG_SIGNATURE):
        cuts = _cuts(data, 8, lambda at: 12 + int.from_bytes(data[at : at + 4], "big"))
    elif data.startswith(b"\xff\xd8"):
        cuts = _cuts(data, 2, lambda at: 2 + int.from_bytes(data[at + 2 : at + 4], "big"))
    elif data.startswith(b"RIFF"):
        cuts = _cuts(data, 12, lambda at: 8 + (int.from_bytes(data[at + 4 : at + 8], "little") + 1) // 2 * 2)
    elif data.startswith((b"II*\0", b"MM\0*")):
        cuts = _tiff_cuts(data)
    elif data[4:8] in (b"ftyp", b"jP  "):
        cuts = _cuts(data, 0, lambda at: _box_length(data, at))
    else:
        cuts = sorted(chance.randint(0, len(data)) for _ in range(8))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _cuts(data: bytes, start: int, length_at: Callable[[int], int]) -> list[int]:
    cuts = []
    while start < len(data):
        cuts.append(start)
        start += max(1, length_at(start)) if len(cuts) < 1000 else len(data)
    return cuts


def _box_length(data: bytes, at: int) -> int:
    name = data[at + 4 : at + 8]
    return 8 + _CONTAINERS[name] if name in _CONTAINERS else int.from_bytes(data[at : at + 4], "big")


def _tiff_cuts(data: bytes) -> list[int]:
    """Return the offsets before each entry of the first directory, and after the last entry."""
    order = "<" if data[:2] == b"II" else ">"
    start = int(struct.unpack(f"{order}I", data[4:8].ljust(4, b"\0"))[0])
    count = int(struct.unpack(f"{order}H", data[start : start + 2].ljust(2, b"\0"))[0])
    ends = [start, *(start + 2 + 12 * number for number in range(min(count, 100) + 1))]
    return [end for end in ends if end <= len(data)]


def correct_checksums(data: bytes) -> bytes:
    """Correct the checksums of a PNG, so that decoders read the damaged chunks. Return other files unchanged."""
    if not data.startswith(_PNG_SIGNATURE):
        return data
    corrected = bytearray(data)
    for start in _cuts(data, 8, lambda at: 12 + int.from_bytes(data[at : at + 4], "big")):
        end = start + 8 + int.from_bytes(data[start : start + 4], "big")
        if end + 4 <= len(data):
            corrected[end : end + 4] = struct.pack(">I", zlib.crc32(data[start + 4 : end]))
    return bytes(corrected)
