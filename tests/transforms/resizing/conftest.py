from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transforms.resizing.gate import Gate
from tests.transforms.resizing.images import MEMORY
from transforms.resizing.workers import Workers


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(monkeypatch, tmp_path)
    yield gate
    gate.open()


@pytest.fixture
def two() -> Iterator[Workers]:
    two = Workers(2, MEMORY)
    yield two
    two.close()
