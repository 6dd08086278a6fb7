"""Which tests one process runs where `pytest -n` starts several."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class _Scheduling(LoadScopeScheduling):
    """Tests that share what takes a minute to set up stay together; all others go wherever there is room.

    This is what `--dist loadgroup` is for, which does nothing with pytest 9.2 and pytest-xdist 3.8.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "dataflow" if nodeid.startswith("tests/dataflow/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """pytest-xdist's hook."""
    return _Scheduling(config, log)
