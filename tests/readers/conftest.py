from collections.abc import Iterable

import pytest


@pytest.fixture(scope="session", autouse=True)
def _offline(tmp_path_factory: pytest.TempPathFactory) -> Iterable[None]:
    """Keep the libraries off the network, and keep the files that they convert or unpack in a temporary folder."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HF_HUB_OFFLINE", "1")
        patched.setenv("HF_DATASETS_OFFLINE", "1")
        patched.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
        yield
