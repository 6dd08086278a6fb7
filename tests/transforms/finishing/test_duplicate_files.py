import hashlib

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from transforms.finishing.duplicate_files import CountDuplicates, count_repeated, digests_of


def row(name: str, content: bytes | None) -> bytes:
    sha256 = f'"{hashlib.sha256(content).hexdigest()}"' if content is not None else "null"
    return f'{{"key":"{name}","source_sha256":{sha256},"size":8,"sha256":"{"0" * 64}"}}\n'.encode()


def test_digests_are_joined_by_their_first_byte() -> None:
    digests = {content: hashlib.sha256(content).digest() for content in (b"a", b"b", b"c")}
    buckets = dict(digests_of([row(r"x\"source_sha256\":\"", b"a"), row("y", b"b"), row("z", None), row("w", b"c")]))
    assert buckets == {0: b"", **{digest[0]: digest[:16] for digest in digests.values()}}


def test_an_image_that_was_not_read_has_no_digest() -> None:
    assert dict(digests_of([row("a", None), row("b", None)])) == {0: b""}


def test_all_but_the_first_are_repeated() -> None:
    first, second = b"1" * 16, b"2" * 16
    assert count_repeated([]) == count_repeated([b""]) == 0
    assert count_repeated([first + second, second + first, b"", first]) == 3


def test_duplicates_are_counted_across_parts() -> None:
    parts = [[row(str(number), bytes([number % 40])) for number in range(start, start + 50)] for start in (0, 50)]
    with beam.Pipeline("FnApiRunner") as pipeline:
        digests = pipeline | beam.Create(parts) | beam.FlatMap(digests_of)
        assert_that(digests | CountDuplicates() | beam.CombineGlobally(sum), equal_to([60]))
