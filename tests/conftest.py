"""Which tests share a process when `pytest -n` starts several, and the settings of hypothesis."""

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# A test has no deadline, because machines are noisy.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")

# The beginnings of the names of tests that share a setup that takes seconds or a minute.
_TOGETHER = (
    *("tests/dataflow/", "tests/packaging/", "tests/report/test_browser"),
    *("tests/pipeline/test_kill.py", "tests/pipeline/test_memory.py", "tests/pipeline/runners/test_packages.py"),
)


class _Scheduling(LoadScopeScheduling):
    """Runs tests that share a setup in one process, and all others in any free process.

    `--dist loadgroup` is meant for this, but has no effect with pytest 9.2 and pytest-xdist 3.8.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((start for start in _TOGETHER if nodeid.startswith(start)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Return the scheduling above. This function is a hook of pytest-xdist."""
    return _Scheduling(config, log)
