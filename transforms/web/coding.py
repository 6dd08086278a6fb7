"""The compression of an answer by gzip or deflate, unpacked piece by piece up to its end.

urllib3 unpacks too, but takes a stream that is cut short for a whole one.
"""

from __future__ import annotations

import collections
import zlib
from collections.abc import Iterator

from urllib3.exceptions import DecodeError, ProtocolError

# The most bytes that a piece unpacks to at a time.
_PIECE = 1 << 16
# The most codings of one answer, each around the one before.
_MOST = 5
_GZIP = frozenset({"gzip", "x-gzip"})
_KNOWN = _GZIP | {"deflate"}

_MAGIC = b"\x1f\x8b"
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


def codings_of(header: str) -> list[str] | None:
    """Return the codings that a Content-Encoding header names, in the order in which they were applied.

    Return None if one of them is neither gzip nor deflate.

    Raises:
        DecodeError: there are too many.
    """
    codings = [name for coding in header.split(",") if (name := coding.strip().lower()) not in ("", "identity")]
    if len(codings) > _MOST:
        raise DecodeError(f"{len(codings)} codings")
    return codings if _KNOWN.issuperset(codings) else None


def unpacked(pieces: Iterator[bytes], codings: list[str]) -> Iterator[bytes]:
    """Yield the content of an answer in pieces of bounded size.

    Args:
        pieces: its body.
        codings: see `codings_of`.

    Raises:
        DecodeError: it is damaged.
        ProtocolError: it ends early.
    """
    for coding in reversed(codings):
        pieces = _inflated(pieces, is_gzip=coding in _GZIP)
    return pieces


def _inflated(pieces: Iterator[bytes], is_gzip: bool) -> Iterator[bytes]:
    """Yield what the streams in a body unpack to. Ignore what follows the last one, and an empty body."""
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
            elif not data and len(unpacked_piece) < _PIECE:  # nothing is left inside
                break
    if inflater or (data and not has_ended) or data == _MAGIC[:1]:
        raise ProtocolError("the compressed content ends early")


def _decompressed(inflater: zlib._Decompress, data: bytes) -> bytes:
    try:
        return inflater.decompress(data, _PIECE)
    except zlib.error as error:
        raise DecodeError(str(error)) from error


def _bits_of_deflate(data: bytes) -> int:
    """Return how zlib reads a stream: with the header that the standard asks for, or without, as some servers send."""
    has_header = data[0] & 0x8F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
    return _ZLIB_BITS if has_header else _RAW_BITS
