"""Sources, and how to read their bytes: whole files, members of archives, and the images that lists name.

read        a source -> its bytes
archive     an archive -> its members
tar, zip    the members of archives that are read by range
gzip_index  the index of a .tar.gz: its members and seek points
stream      reads the members of a .tar.gz in their order
inflate, unpacked    the decompressed bytes of a gzip file, from any seek point on
hashes      the hashes in lists, compared with the bytes
"""

from transforms.sources.read import download, is_read_by_workers, memory_to_unpack, read, reading_order

__all__ = ["download", "is_read_by_workers", "memory_to_unpack", "read", "reading_order"]
