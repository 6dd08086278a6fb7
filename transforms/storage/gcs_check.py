"""The check that buckets can be used, before a run begins: one request for each, and an answer within seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from http import HTTPStatus

from transforms.model.errors import StorageError
from transforms.storage import gcs
from transforms.storage.gcs_client import CREDENTIALS_ADVICE, client
from transforms.storage.gcs_errors import describe, is_failure, status_of

# Seconds for the credentials and the request of a bucket. Google's library looks for credentials for up to half a
# minute, and a run repeats a request for two minutes; that is too long for a command that was only just typed.
PATIENCE = 2.0
# Seconds before the second and last try of a request that was not answered.
_PAUSE = 0.5


def check_buckets(folders: Sequence[str], files: Sequence[str]) -> None:
    """Check that the buckets of gs:// paths can be reached and are open to us. Ignore all other paths.

    A busy store passes: it answers, and a run repeats its requests.

    Args:
        folders: paths below which files are listed.
        files: paths of single files. Their buckets need not be open to listings.

    Raises:
        StorageError: there are no credentials, or a bucket cannot be reached, is not there, or is closed to us.
    """
    looked_up = {gcs.split(path)[0]: gcs.split(path)[1] for path in files if gcs.is_object(path)}
    listed = {gcs.split(f"{path}/")[0] for path in folders if gcs.is_object(path)}
    for bucket in sorted(listed | looked_up.keys()):
        _Check(bucket, None if bucket in listed else looked_up[bucket]).result()


class _Check(threading.Thread):
    """One request to a bucket, in a daemon thread: nothing else ends a look-up of an address or of credentials in time.

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
            # Every Exception: the client has many, and `is_failure` knows them.
            except Exception as error:
                if not _is_unanswered(error):
                    raise
                time.sleep(_PAUSE)
                self._ask()
        except Exception as error:  # passed to the thread that waits
            self._error = error

    def _ask(self) -> None:
        bucket = client().bucket(self._bucket)
        if self._file is None:
            list(bucket.list_blobs(max_results=1, fields="items(name)", retry=None, timeout=PATIENCE))
        else:
            bucket.get_blob(self._file, retry=None, timeout=PATIENCE)

    def result(self) -> None:
        """Send the request, and return when the bucket has answered.

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
        """Raise the error of a bucket that no run could use."""
        if isinstance(error, StorageError) or not is_failure(error):
            raise error
        if problem := _problem(error):
            raise StorageError(f"gs://{self._bucket} {problem}") from error


def _is_unanswered(error: Exception) -> bool:
    """Return whether a request got no answer, from the store or from the server that gives out credentials."""
    from google.auth.exceptions import GoogleAuthError, TransportError

    refused = isinstance(error, GoogleAuthError) and not isinstance(error, TransportError)
    return is_failure(error) and status_of(error) is None and not refused


def _problem(error: Exception) -> str | None:
    """Return what is wrong with a bucket, and what to do; None if it answered, and may work."""
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
