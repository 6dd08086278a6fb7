"""A fuzzer: damaged images of every format that is read. See `tests.fuzz.__main__`."""
