"""Pillow's exceptions -> `ImageError`s of the right kind, with messages that are the same in every run."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence

from PIL import Image, UnidentifiedImageError

from transforms.imaging import libtiff, unsupported
from transforms.imaging.errors import ImageError, Kind, PillowVersionError, Stage

# The kinds of failure that an unsupported coding may cause.
_KINDS_OF_UNSUPPORTED_CODINGS = frozenset({Kind.NOT_AN_IMAGE, Kind.DAMAGED, Kind.TRUNCATED, Kind.UNSUPPORTED_DEPTH})

# Pillow's messages that refer to its internals -> what they mean.
_SENTENCES = {
    r"broken PNG file \(bad header checksum in b'(\w+)'\)": r"the checksum of \1 is wrong",
    r"broken PNG file \(incomplete checksum in b'(\w+)'\)": r"the checksum of \1 is missing",
    r"broken PNG file \(chunk (b'.*'|b\".*\")\)": r"the PNG has a chunk with the invalid name \1",
    r"(?:-\d+|decoder error -?\d+(?: when reading image file)?)": "the pixels cannot be decoded",
    r"(broken data stream|unrecognized data stream contents) when reading image file": (
        r"the pixels cannot be decoded (\1)"
    ),
    r"encoder error -?\d+(?: when writing image file)?": "the pixels cannot be encoded",
    r"b(['\"])(Token too long[^:]*).*\1": r"\2",
    r"invalid literal for int\(\) with base \d+: (.*)": r"the header has \1 in place of a number",
    r"Image size \((\d+) pixels\) exceeds limit of (\d+) pixels.*": r"the image has \1 pixels, more than \2",
    r"\[Errno \d+\] (.*)": r"\1",
}
_CLASSES_OF_SENTENCES = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, Image.DecompressionBombError)


@contextlib.contextmanager
def image_errors(stage: Stage, data: bytes = b"") -> Iterator[None]:
    """Convert every exception that Pillow raises on an image to an `ImageError`.

    Args:
        stage: the stage to report.
        data: the file, which may have an unsupported coding.
    """
    with libtiff.collected_messages() as messages:
        try:
            yield
        except (ImageError, PillowVersionError):
            raise
        # Every Exception: on damaged bytes Pillow raises OSError, ValueError, SyntaxError, struct.error, ...
        except Exception as error:
            raise _image_error(error, stage, data, messages) from error


def _image_error(error: Exception, stage: Stage, data: bytes, messages: Sequence[str]) -> ImageError:
    kind = _kind_of(error, stage)
    if kind in _KINDS_OF_UNSUPPORTED_CODINGS and (coding := unsupported.coding_of(data, (*messages, str(error)))):
        return ImageError(Kind.UNSUPPORTED_CODING, stage, unsupported.message(coding, messages))
    return ImageError(kind, stage, _message(error, stage, messages))


def _message(error: Exception, stage: Stage, messages: Sequence[str]) -> str:
    # Pillow's own message contains the address of the BytesIO, which differs in every run.
    if isinstance(error, UnidentifiedImageError):
        return "the content is not in an image format that can be read"
    return f"{_sentence(error, stage)}{libtiff.in_brackets(messages)}"


def _sentence(error: Exception, stage: Stage) -> str:
    if isinstance(error, SyntaxError) and error.args and isinstance(error.args[0], Exception):
        error = error.args[0]  # Pillow wraps errors of Python in a SyntaxError
    text = str(error).strip().rstrip(".: ")
    for pattern, sentence in _SENTENCES.items():
        if matched := re.fullmatch(pattern, text, re.DOTALL):
            return matched.expand(sentence)
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    # Only these classes carry sentences of Pillow's own.
    if type(error) in _CLASSES_OF_SENTENCES and " " in text:
        return text
    problem = "the image cannot be encoded" if stage is Stage.ENCODE else "the structure of the file is broken"
    reason = text if " " in text else f"{type(error).__name__}{text and ': '}{text}"
    return f"{problem} ({reason})"


def _kind_of(error: Exception, stage: Stage) -> Kind:
    message = str(error)
    if isinstance(error, UnidentifiedImageError):
        return Kind.NOT_AN_IMAGE
    if isinstance(error, Image.DecompressionBombError):
        return Kind.TOO_MANY_PIXELS
    if isinstance(error, MemoryError):
        return Kind.OUT_OF_MEMORY
    if "unknown pixel mode" in message:  # TIFF with 16- or 64-bit floats, for instance
        return Kind.UNSUPPORTED_DEPTH
    if message.startswith("Unsupported feature"):  # libheif's message for a HEIF that is not encoded with HEVC
        return Kind.UNSUPPORTED_CODING
    if stage is Stage.ENCODE:
        return Kind.NOT_ENCODED
    return Kind.TRUNCATED if "truncated" in message.lower() else Kind.DAMAGED
