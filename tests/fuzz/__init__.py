"""A fuzzer that decodes damaged images of every supported format. See `tests.fuzz.__main__`."""
