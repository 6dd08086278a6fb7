import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.model.keys import key_of
from transforms.web.urls import host_of, is_web, path_of, problem_of, safe_path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://example.org/a/b.jpg", "example.org/a/b.jpg"),
        ("HTTPS://Example.org:8443/a/b.jpg?w=300#top", "example.org_8443/a/b.jpg"),
        ("https://example.org/a%20b/%C3%BC.jpg", "example.org/a b/ü.jpg"),
        ("https://example.org/../../etc/passwd", "etc/passwd"),
        ("https://example.org/%2e%2e%2f%2e%2e/x.jpg", "x.jpg"),
        ("https://example.org/a//./b.jpg", "example.org/a/b.jpg"),
        ("https://example.org/a%5c..%5c..%5cb.jpg", "example.org/a_.._.._b.jpg"),
        ("https://example.org/%00%0a.jpg", "example.org/__.jpg"),
        ("https://example.org/a.jpg/b.jpg", "example.org/a.jpg_/b.jpg"),
        ("https://example.org", "example.org"),
        ("https://example.org/", "example.org"),
        ("https://[::1]/a.jpg", "[__1]/a.jpg"),
        ("https://example.org/caf%E9.jpg", "example.org/caf%E9.jpg"),
        ("https://example.org/caf%e9%C3%A9.jpg", "example.org/caf%E9é.jpg"),
        ("https://example.org/caf\udce9.jpg", "example.org/caf%E9.jpg"),
    ],
)
def test_the_path_of_a_url(url: str, path: str) -> None:
    assert path_of(url) == path


PARTS = st.sampled_from(
    ["..", ".", "", "a", "a.jpg", "b.PNG", "c.gz", "%2e%2e", "\\..\\x", "\0", "~", ".run", "x" * 300]
)


@given(st.lists(PARTS | st.text(max_size=8), max_size=8))
def test_a_safe_path_stays_below_its_folder_and_is_never_a_folder_of_another_one(parts: list[str]) -> None:
    path = safe_path("/".join(parts))
    assert safe_path(path) == path
    if path:
        assert not path.startswith("/")
        assert posixpath.normpath(path) == path
        assert ".." not in path.split("/")
        assert all(key_of(folder) == folder for folder in path.split("/")[:-1])


@pytest.mark.parametrize("location", ["/data/a.jpg", "gs://b/a.jpg", "s3://b/a", "ftp://x/a", "http:/x", "xhttp://a"])
def test_other_locations_are_not_on_the_web(location: str) -> None:
    assert not is_web(location)
    assert host_of(location) == ""


def test_hosts() -> None:
    assert host_of("https://Example.org:8443/a") == "example.org"
    assert is_web("HTTP://x")
    assert problem_of("https://example.org/a b.jpg") is None
