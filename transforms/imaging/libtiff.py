"""What libtiff says while it decodes: kept for the thread that decodes, and off the terminal.

libtiff writes its warnings and errors to standard error unless it is given a function that takes them. Pillow gives
it none, so this module does. libtiff calls it in the thread that decodes, so each message finds its image.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator, Sequence

from PIL import _imaging

# A damaged file can call for a line a strip; the first ones say what is wrong.
_MOST_LINES = 3
_LONGEST_LINE = 200

# void (*)(const char *module, const char *format, va_list arguments), see TIFFSetErrorHandler(3). As an argument a
# va_list is a pointer, or a structure of a pointer's size, on every platform that Pillow has wheels for.
_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)


class _Heard(threading.local):
    lines: list[str] | None = None


_heard = _Heard()


@contextlib.contextmanager
def listening() -> Iterator[list[str]]:
    """Collects what libtiff reports as errors in this thread: the first few lines, each of them once."""
    outer, _heard.lines = _heard.lines, []
    try:
        yield _heard.lines
    finally:
        _heard.lines = outer


def told(said: Sequence[str]) -> str:
    """What stands behind a message where libtiff said something."""
    return f" (libtiff: {'; '.join(said)})" if said else ""


def _keep(_module: bytes, text: bytes, arguments: int) -> None:
    lines = _heard.lines
    if lines is None or len(lines) == _MOST_LINES:
        return
    line = ctypes.create_string_buffer(_LONGEST_LINE)
    _format(line, _LONGEST_LINE, text, arguments)
    said = line.value.decode("utf-8", "replace").rstrip(".\n ")
    if said not in lines:
        lines.append(said)


def _drop(_module: bytes, _text: bytes, _arguments: int) -> None:
    """A warning: the image is made all the same."""


# Kept for as long as libtiff may call them.
_ERROR_HANDLER, _WARNING_HANDLER = _HANDLER(_keep), _HANDLER(_drop)


def _take_over() -> bool:
    """Gives libtiff the functions above; whether it could be reached."""
    try:
        # Of Pillow's own module: whichever libtiff that is linked to.
        pillow = ctypes.CDLL(_imaging.__file__)
        pillow.TIFFSetErrorHandler(_ERROR_HANDLER)
        pillow.TIFFSetWarningHandler(_WARNING_HANDLER)
    except (AttributeError, OSError):  # a Pillow without libtiff, or with one that is built into it
        return False
    return True


try:
    _format = ctypes.CDLL(None).vsnprintf
except (AttributeError, OSError, TypeError):  # no POSIX system
    IS_HEARD = False
else:
    _format.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p]
    IS_HEARD = _take_over()
