from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.support.names import NAMES
from transforms.model import keys


@given(NAMES, st.integers(1, 10_000))
def test_shard_index_is_in_range_and_stable(key: str, count: int) -> None:
    index = keys.shard_index(key, count)
    assert 0 <= index < count
    assert keys.shard_index(key, count) == index


def test_shard_index_is_the_same_on_every_machine() -> None:
    assert [keys.shard_index(f"train/{number:016x}", 1743) for number in range(6)] == [
        1072,
        1225,
        1436,
        937,
        583,
        213,
    ]


def test_shards_have_similar_sizes() -> None:
    counts = [0] * 20
    for number in range(20_000):
        counts[keys.shard_index(f"{number:016x}", 20)] += 1
    assert min(counts) > 880
    assert max(counts) < 1120


@given(NAMES, st.fractions(0, 1), st.fractions(0, 1))
def test_a_larger_sample_contains_the_smaller(key: str, sample: Fraction, other_sample: Fraction) -> None:
    smaller, larger = sorted((sample, other_sample))
    assert keys.in_sample(key, larger) or not keys.in_sample(key, smaller)
    assert keys.in_sample(key, Fraction(1))
    assert not keys.in_sample(key, Fraction(0))


def test_a_sample_has_its_share() -> None:
    count = sum(keys.in_sample(f"{number:016x}", Fraction(1, 10)) for number in range(20_000))
    assert 1_850 < count < 2_150
