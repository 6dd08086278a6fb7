"""Check that buckets of S3 can be used before a run begins, with one request for each and a result within seconds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from http import HTTPStatus

from transforms.model.errors import StorageError
from transforms.storage import s3, s3_errors
from transforms.storage.s3_client import client, is_signed
from transforms.storage.s3_errors import code_of, describe, is_about_credentials, is_failure, status_of

# The seconds for the credentials and the request of a bucket, which boto3 may repeat in another region.
PATIENCE = 5.0

CREDENTIALS_ADVICE = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def check_buckets(folders: Sequence[str], files: Sequence[str]) -> None:
    """Check that the buckets of s3:// paths can be reached and accessed. Ignore all other paths.

    Args:
        folders: paths below which files are listed.
        files: paths of single files. Their buckets need not allow listing.

    Raises:
        StorageError: a bucket does not exist, or cannot be reached or accessed.
    """
    listed = {s3.split(f"{path}/")[0]: f"{path}/" for path in folders if s3.is_object(path)}
    looked_up = {s3.split(path)[0]: path for path in files if s3.is_object(path)}
    for bucket in sorted({*listed, *looked_up}):
        _Check(bucket, listed.get(bucket, ""), looked_up.get(bucket, "")).result()


class _Check(threading.Thread):
    """One request to a bucket, in a daemon thread, because lookups of addresses and credentials have no time-out.

    Args:
        bucket: the name of the bucket.
        folder: the path to list; "" to look up `file` instead.
        file: the path of an object.
    """

    def __init__(self, bucket: str, folder: str, file: str) -> None:
        super().__init__(name=f"check {bucket}", daemon=True)
        self._bucket = bucket
        self._folder, self._file = folder, file
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            if self._folder:
                prefix = s3.split(self._folder)[1]
                client().list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=1)
            else:
                client().head_object(Bucket=self._bucket, Key=s3.split(self._file)[1])
        except Exception as error:  # for the thread that waits
            self._error = error

    def result(self) -> None:
        """Send the request, and wait until the bucket has answered.

        Raises:
            StorageError: see `check_buckets`.
            Exception: an error that neither the store nor its client raised.
        """
        self.start()
        self.join(PATIENCE)
        where = f"s3://{self._bucket}"
        if self.is_alive():
            raise StorageError(f"{where} cannot be reached (no answer in {PATIENCE:g} s): {_REACH}")
        if self._error is None:
            return
        if not is_failure(self._error):
            raise self._error
        if problem := _problem(self._error, is_lookup=not self._folder):
            raise StorageError(f"{where} {problem}") from self._error


_REACH = "check the network, and AWS_ENDPOINT_URL if it is set"


def _problem(error: Exception, is_lookup: bool) -> str | None:
    """Return what is wrong with a bucket, and what to do. Return None if it answered and may work."""
    status, code, said = status_of(error), code_of(error), describe(error)
    if is_about_credentials(error):
        return f"cannot be used because boto3 found no usable credentials ({error}): {CREDENTIALS_ADVICE}"
    if status is None:
        return f"cannot be reached ({said}): {_REACH}"
    if status == HTTPStatus.NOT_FOUND:
        is_bucket = code == "NoSuchBucket" or not is_lookup
        return "does not exist: check the name of the bucket, and AWS_ENDPOINT_URL if it is set" if is_bucket else None
    if code in s3_errors.REFUSED_CREDENTIALS:
        return f"cannot be used because S3 rejected the credentials ({said}): {CREDENTIALS_ADVICE}, or use --no_auth"
    if code in s3_errors.OTHER_REGION or status == HTTPStatus.MOVED_PERMANENTLY:
        return f"is in another region ({said}): set AWS_REGION to that region"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        if is_signed():
            return (
                f"cannot be accessed with these credentials ({said}): use others, or ask the bucket's owner for access"
            )
        return f"is not public ({said}), and no AWS credentials were found: {CREDENTIALS_ADVICE}"
    return None
