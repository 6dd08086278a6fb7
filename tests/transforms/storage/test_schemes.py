import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from transforms.model.errors import StorageError
from transforms.storage import gcs, problem_of, problem_of_file, s3

WEB = "is a web address, which is not supported: use a local path, or a gs:// or s3:// path, and download inputs first"
ONLY_INPUT = "is a web address, which only -i accepts: use a local path, or a gs:// or s3:// path"
WINDOWS = "is a Windows path, but this machine does not run Windows: use a path such as /mnt/c/photos"
MISSING = {
    "s3": ("boto3", "pip install boto3"),
    "azfs": ("azure.storage.blob", "pip install 'apache-beam[azure]'"),
    "hdfs": ("hdfs", "pip install hdfs"),
}


@pytest.mark.parametrize("path", ["/a/b", "a", "ab:/c", "a:b", "gs://bucket", "gs://bucket/a"])
def test_a_local_path_and_one_of_gs_can_be_used(path: str) -> None:
    assert problem_of(path) is None


@pytest.mark.parametrize("scheme", MISSING)
def test_a_store_without_its_client_is_refused(scheme: str) -> None:
    client, command = MISSING[scheme]
    if importlib.util.find_spec(client.partition(".")[0]):
        pytest.skip(f"{client} is installed")
    problem = f"cannot be used: {scheme}:// needs {client}, which is not installed: {command}"
    assert problem_of(f"{scheme}://bucket/a") == problem


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("https://x.org/a", ONLY_INPUT),
        ("HTTP://x.org/a", ONLY_INPUT),
        ("FTP://x.org/a", WEB),
        ("http:/x.org/a", "does not name a host: write http://HOST/..."),
        ("HTTPS:x.org/a", "does not name a host: write https://HOST/..."),
        ("file:///data/a", "is a URL: use only the path, '/data/a'"),
        ("File:/data/a", "is a URL: use only the path, '/data/a'"),
        ("s4://bucket/a", "cannot be used (s4:// is not supported): use a local path, or a gs:// or s3:// path"),
        ("GS://bucket/a", "cannot be used: GS:// must be in lowercase: write gs://bucket/a"),
        ("S3://bucket/a", "cannot be used: S3:// must be in lowercase: write s3://bucket/a"),
        ("gs://[b/x", "does not name a bucket ('[b' is not a valid name): write gs://BUCKET/..."),
        ("gs://B/x", "does not name a bucket ('B' is not a valid name): write gs://BUCKET/..."),
        ("htps://x.org/a", "cannot be used (htps:// is not supported): did you mean https://?"),
        ("HTTPP://x.org/a", "cannot be used (HTTPP:// is not supported): did you mean http://?"),
        ("gcs://b/a", "cannot be used (gcs:// is not supported): did you mean gs://?"),
        ("x/y://b", "cannot be used (x/y:// is not supported): use a local path, or a gs:// or s3:// path"),
        ("1x://b", "cannot be used (1x:// is not supported): use a local path, or a gs:// or s3:// path"),
        ("gs://", "does not name a bucket: write gs://BUCKET/..."),
        ("gs:///a", "does not name a bucket: write gs://BUCKET/..."),
        ("gs:/bucket/a", "does not name a bucket: write gs://BUCKET/..."),
        ("s3:bucket", "does not name a bucket: write s3://BUCKET/..."),
        ("azfs://", "does not name a bucket: write azfs://ACCOUNT/CONTAINER/..."),
        ("hdfs:/a", "does not name a folder: write hdfs://FOLDER/..."),
        (r"C:\photos", WINDOWS),
        ("c:/photos", WINDOWS),
        (r"\\server\photos", WINDOWS),
    ],
)
def test_any_other_path_is_refused(path: str, problem: str) -> None:
    assert problem_of(path) == problem


@pytest.mark.parametrize("name", [r"C:\photos", r"\\server\photos", "gs:", "c:", "file:a"])
def test_a_local_file_may_have_such_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    assert problem_of(name) is None


def test_usual_paths_are_checked_without_loading_beam() -> None:
    code = (
        "import sys; from transforms.storage import problem_of\n"
        "print([problem_of(path) is None for path in ('gs://a', 's3://a', 'http://a', '/a')], "
        "'apache_beam' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.endswith(" False\n")


def test_a_file_of_a_store_needs_a_name_of_its_own() -> None:
    assert problem_of_file("gs://b/a.jpg") is None
    assert problem_of_file("gs://b") == problem_of_file("gs://b/") == "does not name a file: write gs://BUCKET/FILE"
    assert problem_of_file("file:///tmp/a.jpg") == "is a URL: use only the path, '/tmp/a.jpg'"
    assert problem_of_file("/tmp") is None


@pytest.mark.parametrize("bucket", ["[b", "", "b*"])
def test_an_error_of_a_bucket_has_a_reason(bucket: str) -> None:
    for store in (gcs, s3):
        with pytest.raises(StorageError) as raised:
            store.split(f"{store.SCHEME}{bucket}/x")
        assert raised.value.reason == f"it does not name a bucket ({bucket!r} is not a valid name)"
