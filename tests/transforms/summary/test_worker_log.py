import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.mark.parametrize(
    ("configuration", "output"),
    [
        ("", "WARNING __main__ a good line\n"),
        ("logger.remove(); logger.add(sys.stderr, format='ours: {message}')", "ours: a good line\n"),
    ],
)
def test_loguru_writes_to_logging_unless_it_is_configured(configuration: str, output: str) -> None:
    code = (
        "import logging, sys; logging.basicConfig(format='%(levelname)s %(name)s %(message)s')\n"
        "from loguru import logger; from transforms.summary.worker_log import forward_log\n"
        f"{configuration}\n"
        "forward_log(); forward_log()\n"
        "logger.warning('a {} line', 'good')"
    )
    completed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (completed.stdout, completed.stderr) == ("", output)
