import hashlib

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from transforms.finishing.duplicates import CountDuplicates, count_repeated, digests_of


def row(name: str, content: bytes | None) -> bytes:
    sha256 = f'"{hashlib.sha256(content).hexdigest()}"' if content is not None else "null"
    return f'{{"key":"{name}","source_sha256":{sha256},"size":8,"sha256":"{"0" * 64}"}}\n'.encode()


def test_digests_go_by_their_first_byte() -> None:
    digests = {content: hashlib.sha256(content).digest() for content in (b"a", b"b", b"c")}
    made = dict(digests_of([row(r"x\"source_sha256\":\"", b"a"), row("y", b"b"), row("z", None), row("w", b"c")]))
    assert made == {0: b"", **{digest[0]: digest[:16] for digest in digests.values()}}


def test_an_image_without_bytes_counts_for_nothing() -> None:
    assert dict(digests_of([row("a", None), row("b", None)])) == {0: b""}


def test_all_but_the_first_are_repeated() -> None:
    one, other = b"1" * 16, b"2" * 16
    assert count_repeated([]) == count_repeated([b""]) == 0
    assert count_repeated([one + other, other + one, b"", one]) == 3


def test_in_the_graph() -> None:
    parts = [[row(str(number), bytes([number % 40])) for number in range(start, start + 50)] for start in (0, 50)]
    with beam.Pipeline("FnApiRunner") as pipeline:
        digests = pipeline | beam.Create(parts) | beam.FlatMap(digests_of)
        assert_that(digests | CountDuplicates(), equal_to([{"duplicates": 60}]))
