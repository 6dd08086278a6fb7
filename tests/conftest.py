"""Which tests share a process if `pytest -n` starts several."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class _Scheduling(LoadScopeScheduling):
    """Keeps tests together that share a setup of a minute, and runs the others in whatever process is free.

    `--dist loadgroup` is meant for this, but has no effect with pytest 9.2 and pytest-xdist 3.8.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "dataflow" if nodeid.startswith("tests/dataflow/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Return the scheduling above; this is a hook of pytest-xdist."""
    return _Scheduling(config, log)
