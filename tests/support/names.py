"""Names of files for tests with hypothesis."""

import os

from hypothesis import strategies as st

# Any name that a file system can have: any bytes but NUL, decoded as Python decodes them.
NAMES = st.binary(min_size=1, max_size=60).filter(lambda name: b"\0" not in name).map(os.fsdecode)
