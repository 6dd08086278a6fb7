"""What Pillow raises -> an `ImageError` of the right kind, with a message that is the same in every run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from PIL import Image, UnidentifiedImageError

from transforms.imaging import libtiff, unsupported
from transforms.imaging.errors import ImageError, Kind, PillowVersionError, Stage

# The kinds of failure that an unsupported coding causes.
_KINDS_OF_UNSUPPORTED_CODINGS = frozenset({Kind.NOT_AN_IMAGE, Kind.DAMAGED, Kind.TRUNCATED, Kind.UNSUPPORTED_DEPTH})


@contextlib.contextmanager
def image_errors(stage: Stage, data: bytes = b"") -> Iterator[None]:
    """Turn whatever Pillow raises on an image into an `ImageError`.

    Args:
        stage: the stage that the error belongs to.
        data: the file, which may be in an unsupported coding.
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
    return ImageError(kind, stage, _message(error, messages))


def _message(error: Exception, messages: Sequence[str]) -> str:
    # Pillow's own message has the address of the BytesIO that it read, which differs in every run.
    if isinstance(error, UnidentifiedImageError):
        return "the content is not in an image format that can be read"
    return f"{type(error).__name__}: {error}{libtiff.in_brackets(messages)}"


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
    if stage is Stage.ENCODE:
        return Kind.NOT_ENCODED
    return Kind.TRUNCATED if "truncated" in message.lower() else Kind.DAMAGED
