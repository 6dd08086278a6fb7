"""File names for tests with hypothesis."""

import os

from hypothesis import strategies as st

# Any name that a file system allows, decoded as Python does: any bytes except NUL.
NAMES = st.binary(min_size=1, max_size=60).filter(lambda name: b"\0" not in name).map(os.fsdecode)
