"""Unpack a gzip file with zlib, from its beginning or from a seek point.

Seek points need the ends of blocks, which may be inside a byte. Python's own `zlib` neither reports them nor starts
there, so this module calls zlib's shared library directly.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import itertools
import zlib
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from transforms.imaging.errors import Kind
from transforms.model.counting import counted
from transforms.model.errors import RunError
from transforms.sources.members import LOST, ArchiveError

# The minimum number of unpacked bytes between two seek points. A point takes 32 KB in the index: 0.1 % of the unpacked
# size. A read unpacks at most this many bytes and one block before its first byte, in a tenth of a second.
SPACING = 32_000_000

_PIECE = 1 << 18
_WINDOW = 1 << zlib.MAX_WBITS
_GZIP, _RAW = zlib.MAX_WBITS + 16, -zlib.MAX_WBITS
_TRAILER = 8
_MARK = b"\x1f\x8b"

_OK, _STREAM_END, _DATA_ERROR, _MEMORY_ERROR, _BUFFER_ERROR = 0, 1, -3, -4, -5
_NO_FLUSH, _BLOCK = 0, 5
# zlib's message about a wrong checksum or length -> the number of bytes of the trailer after that field.
_WRONG_SUMS = {b"incorrect data check": 4, b"incorrect length check": 0}
_LAST_BLOCK, _BLOCK_END, _UNUSED_BITS = 64, 128, 7


class Point(NamedTuple):
    """A seek point: a position at which unpacking can begin.

    Args:
        packed: the offset in the gzip file of the first byte that is completely unused.
        offset: the number of bytes that are unpacked before the point.
        bits: the number of unused bits of the byte before `packed`.
        window: the last bytes that are unpacked before the point, at most 32 KB.
    """

    packed: int
    offset: int
    bits: int
    window: bytes


START = Point(0, 0, 0, b"")


class _Stream(ctypes.Structure):
    """z_stream of zlib.h."""

    _fields_ = (
        ("next_in", ctypes.c_void_p),
        ("avail_in", ctypes.c_uint),
        ("total_in", ctypes.c_ulong),
        ("next_out", ctypes.c_void_p),
        ("avail_out", ctypes.c_uint),
        ("total_out", ctypes.c_ulong),
        ("msg", ctypes.c_char_p),
        ("state", ctypes.c_void_p),
        ("zalloc", ctypes.c_void_p),
        ("zfree", ctypes.c_void_p),
        ("opaque", ctypes.c_void_p),
        ("data_type", ctypes.c_int),
        ("adler", ctypes.c_ulong),
        ("reserved", ctypes.c_ulong),
    )


@functools.lru_cache(1)
def _library() -> ctypes.CDLL:
    for name in ("libz.so.1", ctypes.util.find_library("z"), "libz.dylib"):
        try:
            if name:
                return ctypes.CDLL(name)
        except OSError:
            continue
    raise RunError(
        "archives that end in .tar.gz or .tgz cannot be read because zlib's shared library (libz.so.1) is missing: "
        "install it (zlib1g on Debian), or unpack them"
    )


class Inflater:
    """Unpacks a gzip file, which may have several members. Close it after use.

    Args:
        file: the file. Its current position does not matter.
        start: the seek point at which to begin.
        on_point: called with each new seek point, which is at least `SPACING` bytes after the last one.

    Attributes:
        offset: the offset of the next byte in the unpacked data of the whole file.
        packed: the offset of the next byte in the gzip file.
    """

    def __init__(self, file: BinaryIO, start: Point = START, on_point: Callable[[Point], None] | None = None) -> None:
        self._file, self._on_point = file, on_point
        self.offset, self.packed = start.offset, start.packed
        self._last = start.offset
        self._input, self._output = b"", ctypes.create_string_buffer(_PIECE)
        self._stream = _Stream()
        self._error: ArchiveError | None = None
        self._wrong_sums: list[int] = []  # the offsets in the gzip file at which they are found
        self._is_raw, self._is_over = start != START, False
        self._zlib = _library()
        self._call("inflateInit2_", _RAW if self._is_raw else _GZIP, self._zlib_version(), ctypes.sizeof(_Stream))
        file.seek(start.packed - (1 if start.bits else 0))
        if start.bits:
            self._call("inflatePrime", start.bits, file.read(1)[0] >> (8 - start.bits))
        if start.window:
            self._call("inflateSetDictionary", start.window, len(start.window))

    def _zlib_version(self) -> bytes:
        version = self._zlib.zlibVersion
        version.restype = ctypes.c_char_p
        return bytes(version())

    def _call(self, name: str, *args: object) -> None:
        code = getattr(self._zlib, name)(ctypes.byref(self._stream), *args)
        if code == _MEMORY_ERROR:
            raise MemoryError
        if code != _OK:
            raise RunError(f"zlib rejected {name} ({code}): install zlib 1.2.8 or later")

    def close(self) -> None:
        """Release the memory that zlib holds."""
        self._zlib.inflateEnd(ctypes.byref(self._stream))

    def read(self) -> bytes:
        """Return the next bytes, or b"" at the end.

        Raises:
            ArchiveError: the file is truncated or damaged. A wrong checksum is reported only at the end.
        """
        while not self._is_over:
            if self._error:
                raise self._error
            if not self._fill(1):
                raise self._break(Kind.TRUNCATED, "is truncated")
            if data := self._inflate():
                return data
        if self._error:
            raise self._error
        if self._wrong_sums:
            raise ArchiveError(Kind.DAMAGED, self._described_sums())
        return b""

    def _fill(self, least: int) -> bool:
        """Read until the input has at least `least` bytes or the file ends. Return whether it has them."""
        while self._stream.avail_in < least and (data := self._file.read(_PIECE)):
            self._input = self._rest() + data  # an attribute, since the stream points into it
            self._stream.next_in = ctypes.cast(ctypes.c_char_p(self._input), ctypes.c_void_p).value
            self._stream.avail_in = len(self._input)
        return self._stream.avail_in >= least

    def _rest(self) -> bytes:
        """Return the part of the input that is still packed."""
        return self._input[len(self._input) - self._stream.avail_in :]

    def _inflate(self) -> bytes:
        stream, before = self._stream, self._stream.avail_in
        stream.next_out, stream.avail_out = ctypes.addressof(self._output), _PIECE
        code = self._zlib.inflate(ctypes.byref(stream), _BLOCK if self._on_point else _NO_FLUSH)
        self.packed += before - stream.avail_in
        data = ctypes.string_at(self._output, _PIECE - stream.avail_out)
        self.offset += len(data)
        if code == _STREAM_END:
            self._end_member(_TRAILER if self._is_raw else 0)
        elif code == _DATA_ERROR and stream.msg in _WRONG_SUMS:
            self._note_wrong_sum(_WRONG_SUMS[stream.msg])
        elif code == _MEMORY_ERROR:
            raise MemoryError
        elif code not in (_OK, _BUFFER_ERROR):
            self._error = self._break(Kind.DAMAGED, "is damaged")
        elif self._on_point and stream.data_type & (_LAST_BLOCK | _BLOCK_END) == _BLOCK_END:
            self._make_point(self._on_point)
        return data

    def _break(self, kind: Kind, what: str) -> ArchiveError:
        before = f"; it also {self._described_sums()}" if self._wrong_sums else ""
        return ArchiveError(kind, f"{what} at byte {self.packed:,}: {LOST}{before}")

    def _described_sums(self) -> str:
        count = len(self._wrong_sums)
        sums = "a wrong checksum" if count == 1 else f"{counted(count, 'wrong checksum')}, the last"
        return f"has {sums} at byte {self._wrong_sums[-1]:,}: everything before it may be damaged"

    def _note_wrong_sum(self, trailer: int) -> None:
        """Note a wrong checksum, and continue with the next gzip member, which it does not affect."""
        self._wrong_sums.append(self.packed)
        self._end_member(trailer)
        if self._is_over and self._has_more(trailer):  # the damage looked like the end of the member
            self._error = ArchiveError(Kind.DAMAGED, f"{self._described_sums()}, and {LOST}")

    def _has_more(self, trailer: int) -> bool:
        """Return whether anything but zeros follows the trailer. This reads the rest of the file."""
        pieces = itertools.chain([self._rest()[trailer:]], iter(lambda: self._file.read(_PIECE), b""))
        return any(piece.strip(b"\0") for piece in pieces)

    def _make_point(self, on_point: Callable[[Point], None]) -> None:
        if self.offset - self._last >= SPACING:
            window, length = ctypes.create_string_buffer(_WINDOW), ctypes.c_uint()
            self._call("inflateGetDictionary", window, ctypes.byref(length))
            on_point(Point(self.packed, self.offset, self._stream.data_type & _UNUSED_BITS, window.raw[: length.value]))
            self._last = self.offset

    def _end_member(self, trailer: int) -> None:
        """Start the next gzip member. Ignore trailing data that is not a member, such as zeros at the end of a tape.

        Args:
            trailer: the number of bytes of the current member's trailer that zlib has not read.
        """
        self._fill(trailer + len(_MARK))
        self._is_over = not self._rest()[trailer:].startswith(_MARK)
        if not self._is_over:
            self._stream.next_in += trailer
            self._stream.avail_in -= trailer
            self.packed += trailer
            self._call("inflateReset2", _GZIP)
            self._is_raw = False
