"""The client of S3. It uses boto3's own configuration, and works without credentials."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from transforms import compat

if TYPE_CHECKING:
    from boto3.session import Session

# No process has more threads than this. A connection that does not fit in the pool would be closed after each request.
_CONNECTIONS = 64
# The time-outs, in seconds, for a connection and for the next bytes of a response.
_CONNECT_SECONDS, _READ_SECONDS = 10, 60


@functools.cache
def client() -> Any:
    """Return the client of this process.

    Beam's flags --s3_... take precedence over the profiles, environment variables and files that boto3 reads. Without
    credentials, or with --no_auth, requests are not signed. Public buckets answer such requests.

    Raises:
        BotoCoreError: the configuration names a profile that does not exist, for example.
    """
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    session, flags = boto3.session.Session(), _flags()
    config = Config(
        signature_version=None if is_signed(session, flags) else UNSIGNED,
        retries={"total_max_attempts": 1},  # only `retries.attempt` retries requests
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=_CONNECTIONS,
    )
    return session.client("s3", config=config, **flags)


def is_signed(session: Session | None = None, flags: dict[str, Any] | None = None) -> bool:
    """Return whether requests are signed: there are credentials, and --no_auth is not set."""
    import boto3
    from apache_beam.options.pipeline_options import GoogleCloudOptions

    if compat.file_system_options().view_as(GoogleCloudOptions).no_auth:
        return False
    given = _flags() if flags is None else flags
    return "aws_access_key_id" in given or (session or boto3.session.Session()).get_credentials() is not None


def _flags() -> dict[str, Any]:
    """Return the arguments of a client that Beam's flags set. Beam passes its flags on to workers."""
    from apache_beam.options.pipeline_options import S3Options

    options = compat.file_system_options().view_as(S3Options)
    arguments = {
        "aws_access_key_id": options.s3_access_key_id,
        "aws_secret_access_key": options.s3_secret_access_key,
        "aws_session_token": options.s3_session_token,
        "endpoint_url": options.s3_endpoint_url,
        "region_name": options.s3_region_name,
        "api_version": options.s3_api_version,
        "verify": options.s3_verify,
        "use_ssl": False if options.s3_disable_ssl else None,
    }
    return {name: value for name, value in arguments.items() if value is not None}
