"""Garbage: damaged images of every format that is read, by the thousand. See `tests.fuzz.__main__`."""
