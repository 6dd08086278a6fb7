"""Messages of libtiff: collected in the thread that decodes, and kept off the terminal.

libtiff writes its warnings and errors to standard error unless it is given functions that take them. Pillow gives it
none, so this module does. libtiff calls them in the thread that decodes, so each message finds its image.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from transforms.imaging import compat

# A damaged file can cause a message for each strip; the first ones say what is wrong.
_MOST_MESSAGES = 3
_LONGEST_MESSAGE = 200

# void (*)(const char *module, const char *format, va_list arguments), see TIFFSetErrorHandler(3). As an argument a
# va_list is a pointer, or a structure of a pointer's size, on every platform that Pillow has wheels for.
_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)


class _Collector(threading.local):
    messages: list[str] | None = None


_collector = _Collector()


@contextlib.contextmanager
def collected_messages() -> Iterator[list[str]]:
    """Collect what libtiff reports as errors in this thread: the first few messages, each of them once."""
    is_collected()
    outer, _collector.messages = _collector.messages, []
    try:
        yield _collector.messages
    finally:
        _collector.messages = outer


def in_brackets(messages: Sequence[str]) -> str:
    """Return libtiff's messages as they are appended to an error message; "" if there are none."""
    return f" (libtiff: {'; '.join(messages)})" if messages else ""


@functools.cache
def is_collected() -> bool:
    """Give libtiff the functions that take its messages, and return whether it could be reached."""
    if _formatter() is None:
        return False
    try:
        library = ctypes.CDLL(compat.core_library())  # for the libtiff that Pillow itself is linked to
        library.TIFFSetErrorHandler(_ERROR_HANDLER)
        library.TIFFSetWarningHandler(_WARNING_HANDLER)
    except (AttributeError, OSError):  # a Pillow without libtiff, or with a libtiff that is built into it
        return False
    return True


@functools.cache
def _formatter() -> Callable[..., Any] | None:
    """Return C's vsnprintf, or None if the system is not POSIX."""
    try:
        function = ctypes.CDLL(None).vsnprintf
    except (AttributeError, OSError, TypeError):
        return None
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p]
    return function


def _collect(_module: bytes, text: bytes, arguments: int) -> None:
    messages, formatter = _collector.messages, _formatter()
    if messages is None or formatter is None or len(messages) == _MOST_MESSAGES:
        return
    buffer = ctypes.create_string_buffer(_LONGEST_MESSAGE)
    formatter(buffer, _LONGEST_MESSAGE, text, arguments)
    message = buffer.value.decode("utf-8", "replace").rstrip(".:\n ")
    if message not in messages:
        messages.append(message)


def _ignore(_module: bytes, _text: bytes, _arguments: int) -> None:
    """Drop a warning: the image is decoded all the same."""


# Kept for as long as libtiff may call them.
_ERROR_HANDLER, _WARNING_HANDLER = _HANDLER(_collect), _HANDLER(_ignore)
