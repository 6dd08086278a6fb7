"""The errors of boto3 for S3, and their descriptions."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import responses
from typing import Any

# The codes with which S3 rejects the credentials themselves.
REFUSED_CREDENTIALS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
)
# The codes for a bucket in another region than the client's, if boto3 does not redirect the request.
OTHER_REGION = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})

_PASSING = frozenset({408, 409, 425, 429}) | frozenset(range(500, 600))
_PASSING_CODES = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"})


def is_failure(error: BaseException) -> bool:
    """Return whether the store, the network or boto3 raised an error, or boto3 is missing."""
    if isinstance(error, (OSError, ImportError)):
        return True
    try:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return False
    return isinstance(error, (Boto3Error, BotoCoreError, ClientError))


@contextmanager
def file_errors() -> Iterator[None]:
    """Convert boto3's errors in the block to OSErrors, such as FileNotFoundError and PermissionError."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error) as error:
        raise _as_os_error(error) from error


def _as_os_error(error: Exception) -> OSError:
    status, code = status_of(error), code_of(error)
    if status == HTTPStatus.NOT_FOUND:
        return FileNotFoundError(errno.ENOENT, "No such object or bucket")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or is_about_credentials(error):
        return PermissionError(errno.EACCES, describe(error))
    if status is None and not _is_wrong_use(error):
        return OSError(describe(error))
    if status in _PASSING or code in _PASSING_CODES:
        return OSError(describe(error))
    return OSError(errno.EINVAL, describe(error))  # EINVAL: another try would get the same answer


def is_about_credentials(error: Exception) -> bool:
    """Return whether boto3 found no usable credentials, before it sent any request."""
    from botocore import exceptions

    return isinstance(
        error,
        (
            exceptions.NoCredentialsError,
            exceptions.PartialCredentialsError,
            exceptions.CredentialRetrievalError,
            exceptions.ProfileNotFound,
            exceptions.ConfigParseError,
            exceptions.TokenRetrievalError,
            exceptions.SSOError,
        ),
    )


def _is_wrong_use(error: Exception) -> bool:
    """Return whether boto3 rejected a name or a setting without sending a request."""
    from botocore import exceptions

    return isinstance(error, (exceptions.ParamValidationError, exceptions.ValidationError, ValueError))


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of the store's answer, or None if there was no answer."""
    status = _answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status or None


def code_of(error: BaseException) -> str:
    """Return the code of the store's answer, such as NoSuchBucket; "" if there was no answer."""
    return str(_answer(error).get("Error", {}).get("Code", ""))


def _answer(error: BaseException) -> dict[str, Any]:
    return getattr(error, "response", None) or {}


def describe(error: Exception) -> str:
    """Return the store's answer, such as "403 AccessDenied: Access Denied", or boto3's message without an answer."""
    status, code = status_of(error), code_of(error)
    if status is None:
        return f"{type(error).__name__}: {error}"
    message = str(_answer(error).get("Error", {}).get("Message", ""))
    name = code if code and not code.isdigit() else _phrase(status)
    return f"{status} {name}" if message in ("", name) else f"{status} {name}: {message}"


def _phrase(status: int) -> str:
    return responses.get(status, "")
