"""The retry policy for Google Cloud Storage: that of google-api-core, with warnings and a count of throttled time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from apache_beam.metrics import Metrics
from google.api_core.retry import Retry
from loguru import logger

from transforms import compat
from transforms.storage.gcs_errors import describe, status_of

T = TypeVar("T")

# The seconds after which a request is given up.
TIMEOUT = 120.0
# The seconds before the first warning: a busy store rejects some requests, and accepts them a moment later.
_PATIENCE = 10.0

# Dataflow adds no workers while this counter grows. Beam has a counter of this name too, but does not count rejected
# downloads, because Google's client raises another class of error for them.
_THROTTLED = Metrics.counter("gcsio", "cumulativeThrottlingSeconds")


class StoreRetry(Retry):
    """Retries one request to the store for two minutes, with back-off and jitter.

    Google's client decides which errors are retried: refused and lost connections, time-outs, 408, 429 and 5xx.

    Args:
        verb: the operation on the object, for warnings: read, write ...
        path: the path of the object.
    """

    def __init__(self, verb: str, path: str) -> None:
        super().__init__(predicate=compat.is_transient(), timeout=TIMEOUT)
        self._what = f"cannot {verb} {path!r}"

    def __call__(self, func: Callable[..., T], on_error: Callable[[Exception], Any] | None = None) -> Callable[..., T]:
        """Return `func` with retries."""
        outage = _Outage(self._what)

        def try_once(*args: Any, **kwargs: Any) -> T:
            outage.count()
            return func(*args, **kwargs)

        def failed(error: Exception) -> None:
            outage.failed(error)
            if on_error:
                on_error(error)

        return super().__call__(try_once, failed)


class _Outage:
    """The time during which one request has failed so far."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._since: float | None = None
        self._throttled_at: float | None = None

    def failed(self, error: Exception) -> None:
        """Note an error, and log a warning unless the outage has just begun."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        self._throttled_at = now if status_of(error) == HTTPStatus.TOO_MANY_REQUESTS else None
        if now - self._since >= _PATIENCE:
            seconds = now - self._since
            logger.warning("{} for {:.0f} s: {}; trying for {:.0f} s", self._what, seconds, describe(error), TIMEOUT)

    def count(self) -> None:
        """Count the wait before this try as throttled time if the store had answered 429."""
        if self._throttled_at is not None:
            _THROTTLED.inc(math.ceil(time.monotonic() - self._throttled_at))
            self._throttled_at = None
