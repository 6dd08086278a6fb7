import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from transforms.storage import problem_of

GIVE = "give a local path or one of gs://"
MISSING = {
    "s3": ("boto3", "pip install 'apache-beam[aws]'"),
    "azfs": ("azure.storage.blob", "pip install 'apache-beam[azure]'"),
    "hdfs": ("hdfs", "pip install hdfs"),
}


@pytest.mark.parametrize("path", ["/a/b", "a", "a:/b", "gs://bucket/a"])
def test_what_can_be_used(path: str) -> None:
    assert problem_of(path) is None


@pytest.mark.parametrize("scheme", MISSING)
def test_stores_without_their_client(scheme: str) -> None:
    client, command = MISSING[scheme]
    if importlib.util.find_spec(client.partition(".")[0]):
        pytest.skip(f"{client} is installed")
    told = f"cannot be used: {scheme}:// needs {client}, which is not installed: {command}"
    assert problem_of(f"{scheme}://bucket/a") == told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("https://x.org/a", f"is on the web, which nothing here reads: download the files first, and {GIVE}"),
        ("FTP://x.org/a", f"is on the web, which nothing here reads: download the files first, and {GIVE}"),
        ("file:///data/a", "is a URL: give the path alone, '/data/a'"),
        ("s4://bucket/a", f"cannot be used: nothing here reads s4://, {GIVE}"),
        ("GS://bucket/a", f"cannot be used: nothing here reads GS://, {GIVE}"),
        (r"C:\photos", "is a path of Windows, which this machine is not: give a path such as /mnt/c/photos"),
    ],
)
def test_what_cannot(path: str, told: str) -> None:
    assert problem_of(path) == told


def test_a_local_file_may_be_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / r"C:\photos").mkdir()
    assert problem_of(r"C:\photos") is None


def test_the_usual_ones_are_told_without_loading_beam() -> None:
    code = (
        "import sys; from transforms.storage import problem_of\n"
        "print([problem_of(path) is None for path in ('gs://a', 's3://a', 'http://a', '/a')], "
        "'apache_beam' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.endswith(" False\n")
