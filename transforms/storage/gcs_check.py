"""Check that buckets can be used before a run begins, with one request for each and a result within seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from http import HTTPStatus

from transforms.model.errors import StorageError
from transforms.storage import gcs
from transforms.storage.gcs_client import CREDENTIALS_ADVICE, client
from transforms.storage.gcs_errors import describe, is_failure, status_of

# The seconds for the credentials and the request of a bucket. Google's library looks for credentials for up to half a
# minute, and a run retries a request for two minutes. That is too long for a command that was just entered.
PATIENCE = 2.0
# The seconds before the second and last try of a request that was not answered.
_PAUSE = 0.5


def check_buckets(folders: Sequence[str], files: Sequence[str]) -> None:
    """Check that the buckets of gs:// paths can be reached and accessed. Ignore all other paths.

    A busy store passes the check: it answers, and a run retries its requests.

    Args:
        folders: paths below which files are listed.
        files: paths of single files. Their buckets need not allow listing.

    Raises:
        StorageError: there are no credentials, or a bucket does not exist, or cannot be reached or accessed.
    """
    looked_up = {gcs.split(path)[0]: gcs.split(path)[1] for path in files if gcs.is_object(path)}
    listed = {gcs.split(f"{path}/")[0] for path in folders if gcs.is_object(path)}
    for bucket in sorted(listed | looked_up.keys()):
        _Check(bucket, None if bucket in listed else looked_up[bucket]).result()


class _Check(threading.Thread):
    """One request to a bucket, in a daemon thread, because lookups of addresses and credentials have no time-out.

    Args:
        bucket: the name of the bucket.
        file: the name of an object to look up in it; None to list it.
    """

    def __init__(self, bucket: str, file: str | None) -> None:
        super().__init__(name=f"check {bucket}", daemon=True)
        self._bucket = bucket
        self._file = file
        self._has_credentials = False
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            client()
            self._has_credentials = True
            try:
                self._ask()
            # Every Exception: the client has many classes of errors, and `is_failure` recognizes them.
            except Exception as error:
                if not _is_unanswered(error):
                    raise
                time.sleep(_PAUSE)
                self._ask()
        except Exception as error:  # for the thread that waits
            self._error = error

    def _ask(self) -> None:
        bucket = client().bucket(self._bucket)
        if self._file is None:
            list(bucket.list_blobs(max_results=1, fields="items(name)", retry=None, timeout=PATIENCE))
        else:
            bucket.get_blob(self._file, retry=None, timeout=PATIENCE)

    def result(self) -> None:
        """Send the request, and wait until the bucket has answered.

        Raises:
            StorageError: see `check_buckets`.
            Exception: an error that neither the store nor its client raised.
        """
        self.start()
        self.join(PATIENCE)
        if self.is_alive():
            within = f"in {PATIENCE:g} s"
            if self._has_credentials:
                raise StorageError(f"gs://{self._bucket} cannot be reached (no answer {within}): check the network")
            raise StorageError(f"there are no Google credentials for gs:// (none found {within}): {CREDENTIALS_ADVICE}")
        if self._error:
            self._raise(self._error)

    def _raise(self, error: Exception) -> None:
        """Raise an error if no run could use the bucket."""
        if isinstance(error, StorageError) or not is_failure(error):
            raise error
        if problem := _problem(error):
            raise StorageError(f"gs://{self._bucket} {problem}") from error


def _is_unanswered(error: Exception) -> bool:
    """Return whether the store, or the server that issues credentials, did not answer."""
    from google.auth.exceptions import GoogleAuthError, TransportError

    refused = isinstance(error, GoogleAuthError) and not isinstance(error, TransportError)
    return is_failure(error) and status_of(error) is None and not refused


def _problem(error: Exception) -> str | None:
    """Return what is wrong with a bucket, and what to do. Return None if it answered and may work."""
    if _is_unanswered(error):
        return f"cannot be reached ({describe(error)}): check the network"
    status = status_of(error)
    if status is None:
        return f"cannot be used because Google rejected the credentials ({error.args[0]}): {CREDENTIALS_ADVICE}"
    if status == HTTPStatus.NOT_FOUND:
        return "does not exist: check the name of the bucket"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return (
            f"cannot be accessed by this account ({describe(error)}): log in with another account, or ask the "
            "bucket's owner for access"
        )
    return None
