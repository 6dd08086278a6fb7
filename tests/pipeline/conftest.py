from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loguru import logger

from pipeline.run import main
from tests.support import photo_tree
from tests.support.here import warm_workers

Make = Callable[..., list[str]]


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with six photographs, and three more in a subfolder."""
    return photo_tree(tmp_path_factory.mktemp("in") / "photos", 9)


@pytest.fixture(autouse=True)
def _fresh_log() -> Iterator[None]:
    yield
    logger.remove()


@pytest.fixture
def make(capsys: pytest.CaptureFixture[str]) -> Make:
    """Return a function that runs the command in this process, checks its exit code, and returns its messages."""

    def run(*args: object, expect: int = 0) -> list[str]:
        capsys.readouterr()
        with warm_workers():
            code = main([str(arg) for arg in args])
        shown = capsys.readouterr().err
        assert code == expect, shown
        return [line.split(" | ")[-1] for line in shown.splitlines()]

    return run
