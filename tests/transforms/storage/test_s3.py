"""Test reading, writing and listing objects of S3, and errors of the store."""

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from apache_beam.io.filesystems import FileSystems

from tests.support.s3 import KEYS, PAGE, PRIVATE, PUBLIC, S3, running_s3
from transforms import storage
from transforms.listing.files import list_files
from transforms.listing.ranges import NameRange
from transforms.model.errors import StorageError
from transforms.storage import retries, s3, s3_client

ODD_NAMES = ("a b.jpg", "ü/ñ.jpg", "100%.jpg", "100%25.jpg", "x#y+z&a=b.jpg", "q[1].jpg", "star*.jpg", "\U0001f600.jpg")


@pytest.fixture(scope="module")
def running() -> Iterator[S3]:
    with running_s3() as store:
        yield store


@pytest.fixture
def store(running: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """Yield a store that this process accesses without credentials."""
    monkeypatch.setattr(FileSystems, "_pipeline_options", None)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    s3_client.client.cache_clear()
    running.requests.clear()
    running.faults.clear()
    yield running
    s3_client.client.cache_clear()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list, to which the seconds of each wait are added."""
    seconds: list[float] = []
    monkeypatch.setattr(retries, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


def test_an_object_is_read_and_written_by_one_request_each(store: S3) -> None:
    storage.write("s3://public/own", "a b/ü%20.bin", b"data")
    assert storage.read("s3://public/own/a b/ü%20.bin") == b"data"
    assert [(request.method, request.path) for request in store.requests] == [
        ("PUT", "/public/own/a b/ü%20.bin"),
        ("GET", "/public/own/a b/ü%20.bin"),
    ]
    assert storage.size("s3://public/own/a b/ü%20.bin") == 4
    assert storage.size("s3://public/own/d") is None
    assert storage.read_if_there("s3://public/own/d") is None
    assert (storage.exists("s3://public/own/a b/ü%20.bin"), storage.exists("s3://public/own/d")) == (True, False)
    with pytest.raises(StorageError, match=r"^cannot read 's3://public/own/d': No such object or bucket; check the "):
        storage.read("s3://public/own/d")


def test_pages_for_browsers_say_so(store: S3) -> None:
    storage.write("s3://public/own", "report.html", b"page")
    assert store.client.head_object(Bucket=PUBLIC, Key="own/report.html")["ContentType"] == "text/html"


def test_requests_are_signed_only_with_credentials(store: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    storage.write("s3://public/own", "x", b"")
    with pytest.raises(StorageError, match=r"^cannot list 's3://private/': 403 AccessDenied: why; check the path"):
        storage.list_pattern("s3://private/**")
    assert [request.is_signed for request in store.requests] == [False, False]
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    storage.set_options([])
    assert storage.list_pattern("s3://private/**") == []
    storage.set_options(["--no_auth"])
    with pytest.raises(StorageError, match="403 AccessDenied"):
        storage.list_pattern("s3://private/**")
    assert [request.is_signed for request in store.requests[2:]] == [True, False]


def test_the_flags_of_beam_configure_the_client(store: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    storage.set_options([f"--s3_endpoint_url={store.url}", "--s3_access_key_id=a", "--s3_secret_access_key=b"])
    assert storage.list_pattern("s3://private/**") == []
    assert [request.is_signed for request in store.requests] == [True]


def test_a_profile_of_the_configuration_file_is_used(
    store: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    config = os.path.join(tmp_path, "config")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"[profile mine]\naws_access_key_id=a\naws_secret_access_key=b\nendpoint_url={store.url}\n")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_CONFIG_FILE", config)
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert storage.list_pattern("s3://private/**") == []
    assert [request.is_signed for request in store.requests] == [True]
    monkeypatch.setenv("AWS_PROFILE", "theirs")
    storage.set_options([])
    with pytest.raises(StorageError) as raised:
        storage.check_buckets(["s3://private"], [])
    assert str(raised.value) == (
        "s3://private cannot be used because boto3 found no usable credentials (The config profile (theirs) could not "
        "be found): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )


def test_a_large_object_is_written_in_pieces(store: S3) -> None:
    size, _ = storage.write_pieces("s3://public/pieces", "x", lambda: [bytes(6_000_000), b"abc", bytes(6_000_000)])
    assert size == 12_000_003
    assert storage.read_range("s3://public/pieces/x", 5_999_998, 6) == b"\0\0abc\0"
    assert storage.read_range("s3://public/pieces/x", 12_000_000, 60) == bytes(3)
    assert storage.read_range("s3://public/pieces/x", 12_000_003, 60) == b""
    assert storage.read("s3://public/pieces/x") == bytes(6_000_000) + b"abc" + bytes(6_000_000)
    assert any(
        request.query.startswith("partNumber=2") or "partNumber=2" in request.query for request in store.requests
    )


def test_an_object_is_read_by_ranges(store: S3) -> None:
    data = os.urandom(3_000_000)
    storage.write("s3://public/ranges", "x", data)
    store.requests.clear()
    with storage.open_file("s3://public/ranges/x") as file:
        assert file.read() == data
    assert [request.method for request in store.requests] == ["HEAD", *["GET"] * 4]  # 256 KB, twice, four times ...
    store.requests.clear()
    with storage.open_file("s3://public/ranges/x") as file:
        assert (file.read(2), file.tell(), file.seek(-2, 2), file.read()) == (data[:2], 2, 2_999_998, data[-2:])
        assert (file.seek(1_000_000), file.read(1_500_000)) == (1_000_000, data[1_000_000:2_500_000])
        assert (file.seek(5_000_000), file.read(1)) == (5_000_000, b"")
    with pytest.raises(StorageError, match=r"^cannot read 's3://public/ranges/y': No such object or bucket"):
        storage.open_file("s3://public/ranges/y").__enter__()


def test_an_object_that_changes_while_it_is_read_is_not_mixed(store: S3) -> None:
    storage.write("s3://public/ranges", "x", bytes(600_000))
    with storage.open_file("s3://public/ranges/x") as file:
        assert file.read(10) == bytes(10)
        store.client.put_object(Bucket=PUBLIC, Key="ranges/x", Body=b"1" * 600_000)
        with pytest.raises(StorageError, match=r"^cannot read 's3://public/ranges/x': 412 PreconditionFailed"):
            file.read()


def test_only_named_objects_are_deleted(store: S3) -> None:
    names = ["x?.jpg", "xy.jpg", "[1].jpg", "1.jpg", "s*", "star"]
    for name in names:
        storage.write("s3://public/names", name, b"")
    storage.delete_all("s3://public/names", ["x?.jpg", "[1].jpg", "s*", "missing"])
    assert sorted(store.snapshot("names")) == ["1.jpg", "star", "xy.jpg"]
    storage.write("s3://public/na*", "one", b"")
    storage.delete_tree("s3://public/na*")
    assert store.snapshot("na*") == {}
    storage.delete_tree("s3://public/names", spare="s3://public/names/star")
    assert list(store.snapshot("names")) == ["star"]


@pytest.fixture
def many(store: S3) -> list[str]:
    """Return the names below s3://public/many, whose listing has several pages."""
    names = sorted([*ODD_NAMES, *(f"{number % 7}/p{number:04d}.jpg" for number in range(60))], key=str.encode)
    if not storage.exists("s3://public/many/a b.jpg"):
        for name in names:
            store.client.put_object(Bucket=PUBLIC, Key=f"many/{name}", Body=name.encode())
    return names


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("pattern", ["many/**", "many/3/*1.jpg", "many/3/", "many/3/p0003.jpg", "none/*", "none"])
def test_a_pattern_matches_what_beam_matches(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    for name, value in KEYS.items():  # Beam's file system needs credentials
        monkeypatch.setenv(name, value)
    storage.set_options([])
    (matched,) = FileSystems.match([f"s3://public/{pattern}"])
    files = [(file.path, file.size_in_bytes, file.last_updated_in_seconds) for file in matched.metadata_list]
    assert storage.list_pattern(f"s3://public/{pattern}") == files
    assert bool(files) == (not pattern.startswith("none"))
    assert storage.list_pattern(f"s3://public/{pattern}", 1) == files[:1]


@pytest.mark.parametrize("alphabet", ["", "0123456789abcdef", "pq", "ü\U0001f600"])
def test_ranges_of_names_hold_every_name_once(many: list[str], alphabet: str) -> None:
    listed = [path.removeprefix("s3://public/many/") for path, _, _ in list_files("s3://public/many/**", alphabet)]
    assert listed == many


@pytest.mark.usefixtures("many")
def test_a_range_lists_no_name_before_it(store: S3) -> None:
    store.requests.clear()
    ((name, *_),) = s3.match_range("s3://public/many/**", *NameRange("x", "y"))
    assert name == "s3://public/many/x#y+z&a=b.jpg"
    assert len(store.requests) == 1
    assert "start-after=many%2Fw" in store.requests[0].query


@pytest.mark.parametrize("fault", [(500, "InternalError"), (503, "SlowDown"), (429, "x")])
def test_temporary_errors_are_retried(store: S3, waits: list[float], fault: tuple[int, str]) -> None:
    storage.write("s3://public/own", "x", bytes(700_000))
    for action in (
        lambda: storage.read("s3://public/own/x"),
        lambda: storage.size("s3://public/own/x"),
        lambda: storage.list_pattern("s3://public/own/*"),
        lambda: storage.write("s3://public/own", "y", b""),
        lambda: storage.delete_all("s3://public/own", ["y"]),
    ):
        waits.clear()
        store.requests.clear()
        store.faults[:] = [fault, fault]
        assert action() is not False
        assert (len(store.requests), len(waits)) == (3, 2)
    store.faults[:] = [None, fault, None, fault, None]
    with storage.open_file("s3://public/own/x") as file:
        assert file.read() == bytes(700_000)
    store.faults[:] = [fault] * 100
    store.requests.clear()
    with pytest.raises(StorageError, match=rf"^cannot read 's3://public/own/x': {fault[0]} .*: why$"):
        storage.read("s3://public/own/x")
    assert len(store.requests) == len(s3.BACK_OFF) + 1  # boto3 retries nothing by itself


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ((403, "AccessDenied"), "403 AccessDenied: why; check the path and its permissions"),
        ((403, "InvalidAccessKeyId"), "403 InvalidAccessKeyId: why; check the path and its permissions"),
        ((404, "NoSuchBucket"), "No such object or bucket; check the path and its permissions"),
        ((400, "InvalidArgument"), "400 InvalidArgument: why"),
        ((405, "MethodNotAllowed"), "405 MethodNotAllowed: why"),
    ],
)
def test_permanent_errors_are_not_retried(store: S3, fault: tuple[int, str], reason: str) -> None:
    store.faults[:] = [fault]
    with pytest.raises(StorageError) as raised:
        storage.read("s3://public/own/x")
    assert str(raised.value) == f"cannot read 's3://public/own/x': {reason}"
    assert len(store.requests) == 1


def test_a_page_that_fails_is_listed_again_and_no_other(store: S3, many: list[str], waits: list[float]) -> None:
    store.requests.clear()
    store.faults[:] = [None, (503, "SlowDown")]
    assert len(storage.list_pattern("s3://public/many/**")) == len(many)
    assert len(store.requests) == -(-len(many) // PAGE) + 1
    assert len(waits) == 1


def refusal(folders: list[str], files: list[str]) -> str:
    with pytest.raises(StorageError) as raised:
        storage.check_buckets(folders, files)
    return str(raised.value)


def test_each_bucket_gets_one_request_before_a_run(store: S3) -> None:
    storage.write("s3://public/own", "t.csv", b"")
    store.requests.clear()
    storage.check_buckets(["s3://public/x", "s3://public/y", "/local"], ["s3://public/own/t.csv"])
    storage.check_buckets([], ["s3://public/own/t.csv"])
    storage.check_buckets([], ["s3://public/own/missing.csv"])
    assert [request.method for request in store.requests] == ["GET", "HEAD", "HEAD"]


def test_the_error_names_an_unusable_bucket(store: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    advice = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    assert refusal(["s3://none/x"], []) == (
        "s3://none does not exist: check the name of the bucket, and AWS_ENDPOINT_URL if it is set"
    )
    assert refusal(["s3://private/x"], []) == (
        f"s3://private is not public (403 AccessDenied: why), and no AWS credentials were found: {advice}"
    )
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    storage.set_options([])
    for fault, sentence in (
        (
            (403, "AccessDenied"),
            "cannot be accessed with these credentials ({}): use others, or ask the bucket's owner for access",
        ),
        (
            (403, "SignatureDoesNotMatch"),
            f"cannot be used because S3 rejected the credentials ({{}}): {advice}, or use --no_auth",
        ),
        ((301, "PermanentRedirect"), "is in another region ({}): set AWS_REGION to that region"),
    ):
        store.faults[:] = [fault, None, fault]  # boto3 asks for the region between them
        assert refusal(["s3://public/x"], []) == f"s3://public {sentence}".format(f"{fault[0]} {fault[1]}: why")
    store.faults[:] = [(503, "SlowDown")]
    storage.check_buckets(["s3://public/x"], [])


@pytest.mark.usefixtures("store")
def test_the_error_names_an_unreachable_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    storage.set_options([])
    assert refusal(["s3://bucket/x"], []) == (
        "s3://bucket cannot be reached (EndpointConnectionError: Could not connect to the endpoint URL: "
        '"http://127.0.0.1:9/bucket?list-type=2&prefix=x%2F&max-keys=1&encoding-type=url"): check the network, and '
        "AWS_ENDPOINT_URL if it is set"
    )


@pytest.mark.parametrize("path", ["s3:///x", "s3://a b/x", "s3://_/x"])
def test_a_path_without_a_bucket_is_refused(path: str) -> None:
    bucket = path.split("/")[2]
    assert refusal([path], []) == (
        f"{path + '/'!r} does not name a bucket ({bucket!r} is not a valid name): use a path such as "
        "s3://my-bucket/folder"
    )


@pytest.mark.usefixtures("store")
def test_the_private_bucket_is_private() -> None:
    with pytest.raises(StorageError, match="403 AccessDenied"):
        storage.read(f"s3://{PRIVATE}/x")


def test_a_double_star_also_matches_no_folder(many: list[str]) -> None:
    expected = [f"s3://public/many/{name}" for name in many if name.endswith("1.jpg")]
    assert [path for path, _, _ in storage.list_pattern("s3://public/many/**/*1.jpg")] == expected
    beside = [path for path, _, _ in storage.list_pattern("s3://public/many/3/**/p*1.jpg")]
    assert beside == [path for path in expected if "/3/" in path] != []
    assert [path for path, _, _ in list_files("s3://public/many/**/*1.jpg", "0123456789abcdef")] == expected
