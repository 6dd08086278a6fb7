"""Sources, and how their bytes are read: whole files and members of archives.

read        a source -> its bytes
archive     an archive -> its members
tar, zip    the members of archives that are read by range
listed      what is known about a .tar.gz after it was unpacked once
stream      its members, read in their order
inflate, unpacked    the bytes of a gzip file, from any seek point on
"""

from transforms.sources.read import is_read_by_workers, read, reading_order

__all__ = ["is_read_by_workers", "read", "reading_order"]
