import pytest

from benchmarks import resample as benchmark
from benchmarks.resample import FIRST_SCRIPT, PILLOW, STAGES
from tests.support import jpeg
from transforms.imaging import resample


def test_every_way_makes_the_same_file_and_takes_time_in_each_stage() -> None:
    timed = benchmark.fastest(jpeg(3, (1024, 683)), 512, rounds=1)
    assert list(timed) == [FIRST_SCRIPT, PILLOW, *(name for name in resample.instruction_sets() if name != "portable")]
    assert len({one.sha256 for one in timed.values()}) == 1
    for one in timed.values():
        assert list(one.stages) == list(STAGES)
        assert all(one.stages.values())
        assert one.total == sum(one.stages.values())


def test_pillow_resizes_where_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resample, "_resample", None)
    with benchmark.resizing_by(None):
        assert len(benchmark.by_core(jpeg(3, (300, 200)), 100).sha256) == 64
