"""Sources, and how their bytes are read: whole files, members of archives, and what lists name.

read        a source -> its bytes
archive     an archive -> its members
tar, zip    the members of archives that are read by range
gzip_index  the index of a .tar.gz: its members, and points to read it from
stream      its members, read in their order
inflate, unpacked    the bytes of a gzip file, from any seek point on
hashes      what lists say about the bytes
"""

from transforms.sources.read import download, is_read_by_workers, memory_to_unpack, read, reading_order

__all__ = ["download", "is_read_by_workers", "memory_to_unpack", "read", "reading_order"]
