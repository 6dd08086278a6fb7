"""Decompress a response in gzip or deflate piece by piece, and check that it is complete.

urllib3 can decompress too, but accepts a truncated stream as complete.
"""

from __future__ import annotations

import collections
import zlib
from collections.abc import Iterator

from urllib3.exceptions import DecodeError, ProtocolError

# The maximum number of bytes to unpack at a time.
_PIECE = 1 << 16
# The maximum number of codings of one response, which are applied one after the other.
_MOST = 5
_GZIP = frozenset({"gzip", "x-gzip"})
_KNOWN = _GZIP | {"deflate"}

_MAGIC = b"\x1f\x8b"
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


def codings_of(header: str) -> list[str] | None:
    """Return the codings in a Content-Encoding header, in the order in which they were applied.

    Return None if one of them is neither gzip nor deflate.

    Raises:
        DecodeError: there are too many codings.
    """
    codings = [name for coding in header.split(",") if (name := coding.strip().lower()) not in ("", "identity")]
    if len(codings) > _MOST:
        raise DecodeError(f"{len(codings)} codings")
    return codings if _KNOWN.issuperset(codings) else None


def unpacked(pieces: Iterator[bytes], codings: list[str]) -> Iterator[bytes]:
    """Yield the decompressed content of a response, in pieces of limited size.

    Args:
        pieces: the body of the response.
        codings: see `codings_of`.

    Raises:
        DecodeError: the body is damaged.
        ProtocolError: the body is truncated.
    """
    for coding in reversed(codings):
        pieces = _inflated(pieces, is_gzip=coding in _GZIP)
    return pieces


def _inflated(pieces: Iterator[bytes], is_gzip: bool) -> Iterator[bytes]:
    """Unpack the compressed streams in a body. Ignore data after the last stream, and an empty body."""
    data, inflater, has_ended = b"", None, False
    for piece in pieces:
        data += piece
        while inflater or len(data) >= len(_MAGIC):
            if inflater is None:
                if has_ended and not (is_gzip and data.startswith(_MAGIC)):
                    collections.deque(pieces, maxlen=0)
                    return
                inflater = zlib.decompressobj(_GZIP_BITS if is_gzip else _bits_of_deflate(data))
            unpacked_piece = _decompressed(inflater, data)
            yield unpacked_piece
            data = inflater.unconsumed_tail or inflater.unused_data
            if inflater.eof:
                inflater, has_ended = None, True
            elif not data and len(unpacked_piece) < _PIECE:  # the inflater holds no more output
                break
    if inflater or (data and not has_ended) or data == _MAGIC[:1]:
        raise ProtocolError("the compressed content ends early")


def _decompressed(inflater: zlib._Decompress, data: bytes) -> bytes:
    try:
        return inflater.decompress(data, _PIECE)
    except zlib.error as error:
        raise DecodeError(str(error)) from error


def _bits_of_deflate(data: bytes) -> int:
    """Return zlib's `wbits` for a deflate stream. Some servers leave out the header that the standard requires."""
    has_header = data[0] & 0x8F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
    return _ZLIB_BITS if has_header else _RAW_BITS
