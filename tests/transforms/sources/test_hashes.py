import base64
import hashlib

import pytest

from transforms.sources.hashes import difference, hexadecimal

DATA = b"some bytes"


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_hash_is_read_and_compared(algorithm: str) -> None:
    digest = hashlib.new(algorithm, DATA)
    for text in (digest.hexdigest(), f" {digest.hexdigest().upper()}", base64.b64encode(digest.digest()).decode()):
        assert hexadecimal(text) == digest.hexdigest()
    assert difference(DATA, digest.hexdigest()) is None
    found = hashlib.new(algorithm, b"others").hexdigest()
    assert difference(b"others", digest.hexdigest()) == (
        f"its {algorithm.upper()} is {found}, but the list says {digest.hexdigest()}"
    )


@pytest.mark.parametrize("text", ["", "abc", "0" * 31, "0" * 33, "zz" * 16, "=", "0" * 16])
def test_other_texts_are_not_hashes(text: str) -> None:
    assert hexadecimal(text) is None
