"""The log on the terminal."""

import subprocess
import sys

from tests.support import ROOT

# A message as Beam's `utils/retry.py` logs it.
RETRIED = """
import logging
from pipeline.terminal import log

log.configure("info", None, on_dataflow=True)
retry = logging.getLogger("apache_beam.utils.retry")
retry.warning("waiting for %s seconds because we caught %s Traceback of exception:\\n%s", 5, "E: no\\n", "  File")
"""


def test_a_request_that_beam_retries_is_logged_in_one_line() -> None:
    done = subprocess.run([sys.executable, "-c", RETRIED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.partition(" | ")[2] == (
        "WARNING | apache_beam.utils.retry: waiting for 5 seconds because we caught E: no\n"
    )
