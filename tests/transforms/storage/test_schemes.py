import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from transforms.storage import problem_of

WEB = "is a web address, which is not supported: give a local path, or one of gs:// or s3://, and download inputs first"
ONLY_INPUT = "is a web address, which only -i takes: give a local path, or one of gs:// or s3://"
WINDOWS = "is a path of Windows, which this machine is not: give a path such as /mnt/c/photos"
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
        ("http:/x.org/a", "names no host: write http://HOST/..."),
        ("HTTPS:x.org/a", "names no host: write https://HOST/..."),
        ("file:///data/a", "is a URL: give the path alone, '/data/a'"),
        ("File:/data/a", "is a URL: give the path alone, '/data/a'"),
        ("s4://bucket/a", "cannot be used: s4:// is not supported: give a local path, or one of gs:// or s3://"),
        ("GS://bucket/a", "cannot be used: GS:// has to be in small letters: write gs://bucket/a"),
        ("S3://bucket/a", "cannot be used: S3:// has to be in small letters: write s3://bucket/a"),
        ("gs://", "names no bucket: write gs://BUCKET/..."),
        ("gs:///a", "names no bucket: write gs://BUCKET/..."),
        ("gs:/bucket/a", "names no bucket: write gs://BUCKET/..."),
        ("s3:bucket", "names no bucket: write s3://BUCKET/..."),
        ("azfs://", "names no bucket: write azfs://ACCOUNT/CONTAINER/..."),
        ("hdfs:/a", "names no folder: write hdfs://FOLDER/..."),
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
