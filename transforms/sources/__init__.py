"""Sources, and how their bytes are read: whole files and members of archives.

read    what the rest of the program calls
tar     members of a tar
"""

from transforms.sources.read import is_read_by_workers, read

__all__ = ["is_read_by_workers", "read"]
