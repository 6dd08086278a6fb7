"""Files on the local disk or on any of Beam's file systems. Loading this package does not load Beam.

local, gcs, s3, beam    the backends, each a module with the interface `backends.Backend`
retries                 retries operations that fail temporarily, and describes the errors of all backends
reading, writing        the functions that the rest of the program calls
"""

from collections.abc import Sequence

from transforms.storage import beam, gcs_check, gcs_client, s3_check, s3_client
from transforms.storage.local import TEMPORARY_DIR, size_and_time
from transforms.storage.paths import below, is_inside, is_local, join
from transforms.storage.reading import (
    exists,
    list_pattern,
    matches,
    open_file,
    read,
    read_if_there,
    read_range,
    region_of,
    size,
)
from transforms.storage.schemes import has_scheme, problem_of, problem_of_file
from transforms.storage.writing import (
    delete_all,
    delete_tree,
    list_below,
    move_tree,
    stage,
    write,
    write_all,
    write_pieces,
)

__all__ = [
    "TEMPORARY_DIR",
    "below",
    "check_buckets",
    "delete_all",
    "delete_tree",
    "exists",
    "has_scheme",
    "is_inside",
    "is_local",
    "join",
    "list_below",
    "list_pattern",
    "matches",
    "move_tree",
    "open_file",
    "problem_of",
    "problem_of_file",
    "read",
    "read_if_there",
    "read_range",
    "region_of",
    "set_options",
    "size",
    "size_and_time",
    "stage",
    "write",
    "write_all",
    "write_pieces",
]


def set_options(beam_args: Sequence[str]) -> None:
    """Set how this process accesses stores, such as its credentials and project, from Beam's flags."""
    beam.set_options(beam_args)
    gcs_client.client.cache_clear()
    s3_client.client.cache_clear()


def check_buckets(folders: Sequence[str], files: Sequence[str]) -> None:
    """Check that the buckets of gs:// and s3:// paths can be reached and accessed. Ignore all other paths.

    A busy store passes the check: it answers, and a run retries its requests.

    Args:
        folders: paths below which files are listed.
        files: paths of single files. Their buckets need not allow listing.

    Raises:
        StorageError: there are no credentials, or a bucket does not exist, or cannot be reached or accessed.
    """
    gcs_check.check_buckets(folders, files)
    s3_check.check_buckets(folders, files)
