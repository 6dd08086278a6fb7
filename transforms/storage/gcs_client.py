"""The client of Google Cloud Storage: its credentials and its connections."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from transforms import compat
from transforms.model.errors import StorageError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions
    from google.cloud.storage import Client

# Without this, the client requests the project number of each bucket that it reads, for traces that nobody collects.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "1")

CREDENTIALS_ADVICE = (
    "run gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS to a key file, or use --no_auth if "
    "all buckets are public"
)

# No process has more threads than this. A connection that does not fit in the pool would be closed after each request.
_CONNECTIONS = 64


@functools.cache
def client() -> Client:
    """Return the client of this process.

    Raises:
        StorageError: there are no credentials.
    """
    from apache_beam.options.pipeline_options import GoogleCloudOptions
    from requests.adapters import HTTPAdapter

    options = compat.file_system_options()
    cloud = options.view_as(GoogleCloudOptions)
    if not cloud.no_auth:
        _check_credentials(cloud)
    made = compat.storage_client(options, anonymous=cloud.no_auth)
    for scheme in ("https://", "http://"):
        compat.session_of(made).mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS))
    return made


def _check_credentials(cloud: PipelineOptions) -> None:
    """Raise an error at once. Beam would look for credentials for half a minute, and then continue without them."""
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    try:
        google.auth.default(scopes=cloud.gcp_oauth_scopes)
    except GoogleAuthError as error:
        reason = str(error).partition(". ")[0].rstrip(".")
        raise StorageError(
            f"there are no Google credentials for gs:// ({reason}): {CREDENTIALS_ADVICE}",
            "there are no Google credentials",
        ) from error
