"""The errors of Google's client for Cloud Storage, and their descriptions."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from transforms import compat

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def is_failure(error: BaseException) -> bool:
    """Return whether the store, the network or Google's client for them raised an error."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

    return compat.is_transient()(error) or isinstance(
        error, (OSError, GoogleAPIError, GoogleAuthError, DataCorruption, InvalidResponse)
    )


@contextmanager
def file_errors() -> Iterator[None]:
    """Convert the client's errors in the block to OSErrors, such as FileNotFoundError and PermissionError."""
    from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound, RetryError, Unauthorized
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.cloud.storage.exceptions import InvalidResponse

    try:
        yield
    except NotFound as error:
        raise FileNotFoundError(errno.ENOENT, "No such object or bucket") from error
    except (Forbidden, Unauthorized) as error:
        raise PermissionError(errno.EACCES, describe(error)) from error
    except RetryError as error:
        raise OSError(f"{describe(error.cause)} ({error.message})") from error
    except (GoogleAPICallError, InvalidResponse, TransportError) as error:
        raise OSError(describe(error)) from error
    except GoogleAuthError as error:
        raise PermissionError(errno.EACCES, f"Google rejected the credentials: {error.args[0]}") from error


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of the store's answer, or None if there was no answer."""
    return getattr(getattr(error, "response", None), "status_code", None)


def describe(error: BaseException) -> str:
    """Return the store's answer, such as "403 Forbidden: ...", or the client's message if there was no answer."""
    status = status_of(error)
    if status is None:
        return f"{type(error).__name__}: {_without_request(error)}"
    answer = error.response  # type: ignore[attr-defined]  # since it has a status
    try:
        message = answer.json()["error"]["message"]
    except (ValueError, TypeError, KeyError):  # some proxies answer in HTML
        message = ""
    return f"{status} {_PHRASES.get(status, '')}{message and ': '}{message}"


def _without_request(error: BaseException) -> str:
    """Return why a connection failed, without the address that urllib3 puts before the reason."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return str(reason).partition(": ")[2] if reason else str(error)
