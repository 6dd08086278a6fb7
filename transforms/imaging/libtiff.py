"""Collects the messages of libtiff in the decoding thread, and keeps them off the terminal.

libtiff writes warnings and errors to standard error unless handlers are set. Pillow sets none, so this module does.
libtiff calls the handlers in the thread that decodes, so each message can be assigned to its image.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from transforms.imaging import compat

# A damaged file can cause a message for each strip. The first ones suffice.
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
    """Collect libtiff's error messages in this thread: the first few, without duplicates."""
    is_collected()
    outer, _collector.messages = _collector.messages, []
    try:
        yield _collector.messages
    finally:
        _collector.messages = outer


def in_brackets(messages: Sequence[str]) -> str:
    """Return libtiff's messages in brackets, to append to an error message; "" if there are none."""
    return f" (libtiff: {'; '.join(messages)})" if messages else ""


@functools.cache
def is_collected() -> bool:
    """Set the handlers of libtiff, and return whether this was possible."""
    if _formatter() is None:
        return False
    try:
        library = ctypes.CDLL(compat.core_library())  # for the libtiff that Pillow itself is linked to
        library.TIFFSetErrorHandler(_ERROR_HANDLER)
        library.TIFFSetWarningHandler(_WARNING_HANDLER)
    except (AttributeError, OSError):  # Pillow has no libtiff, or one that is linked statically
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
    """Ignore a warning: the image is decoded anyway."""


# Global, so that they exist for as long as libtiff may call them.
_ERROR_HANDLER, _WARNING_HANDLER = _HANDLER(_collect), _HANDLER(_ignore)
