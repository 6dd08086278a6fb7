"""Ours beside other tools that do the same: `python -m benchmarks.peers FOLDER ...` prints the tables.

The tools live in an environment of their own, build/peers; none of them is a dependency of ours. The
files `with_*` are run in it, each by itself, as `with_X IN OUT SIZE WORKERS EXTENSION`.
"""
