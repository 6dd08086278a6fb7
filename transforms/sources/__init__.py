"""Sources, and how their bytes are read: whole files, members of archives, and what lists name.

read    what the rest of the program calls
tar     members of a tar
hashes  what lists say about the bytes
"""

from transforms.sources.read import download, is_read_by_workers, read

__all__ = ["download", "is_read_by_workers", "read"]
