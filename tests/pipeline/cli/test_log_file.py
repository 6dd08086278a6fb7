"""Which files -l accepts: lines are appended to them, and nothing else may be lost."""

import os
from pathlib import Path

import pytest

from pipeline.cli.log_file import log_path
from pipeline.errors import UsageError
from tests.support import jpeg

LINE = "2026-11-26 02:34:48 | INFO    | done: 24 images in 0.9 s, 26.7 images/s\n"
FIRST_SCRIPT = "2018-11-26 02:34:48.123 | INFO     | __main__:main:9 - done\n"


@pytest.mark.parametrize("text", ["", LINE, FIRST_SCRIPT, None])
@pytest.mark.parametrize("name", ["log.txt", "log", "log.jsonl", "out/log.txt", "out/run", "out/logs/a.log", "new/log"])
def test_a_new_file_an_empty_file_and_a_log_are_used(tmp_path: Path, name: str, text: str | None) -> None:
    file = tmp_path / name
    if text is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert log_path(str(file), str(tmp_path / "out")) == str(file)


@pytest.mark.parametrize(
    "content", [jpeg(1, (9, 9)), b"ImageID,label\n", b"\0" * 30, b"2026-11-26", b"\n" + LINE.encode()]
)
def test_nothing_is_appended_to_another_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    link = tmp_path / "link"
    link.symlink_to(file)
    for typed in (file, link):
        with pytest.raises(UsageError) as refused:
            log_path(str(typed), str(tmp_path / "out"))
        assert str(refused.value) == (
            f"-l {str(typed)!r} is not a log of this program, and lines would be appended to it: use another file, "
            "such as log.txt"
        )
    assert file.read_bytes() == content


@pytest.mark.parametrize("name", ["a.jpg", "in/b.PNG", "out/c.webp", "d.heic"])
def test_the_log_has_no_name_of_an_image(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"^-l '.*' has the name of an image: use another file, such as log\.txt$"):
        log_path(str(tmp_path / name), str(tmp_path / "out"))


OWN = [
    "README.md",
    "manifest-00000-of-00001.jsonl",
    "SHA256SUMS",
    ".run/x.log",
    ".run.sqlite",
    "metadata.jsonl",
    "a.tar",
]


@pytest.mark.parametrize("name", OWN)
def test_the_log_has_no_name_of_a_file_of_the_dataset(tmp_path: Path, name: str) -> None:
    typed, out = str(tmp_path / "out" / name), str(tmp_path / "out")
    with pytest.raises(UsageError) as refused:
        log_path(typed, out)
    assert str(refused.value) == (
        f"-l {typed!r} has the name of a file of the dataset in -o {out!r}: use another file, such as log.txt"
    )


@pytest.mark.parametrize("out", ["x", "x/out"])
def test_the_log_does_not_take_the_place_of_out(tmp_path: Path, out: str) -> None:
    typed = str(tmp_path / "x")
    with pytest.raises(UsageError) as refused:
        log_path(typed, str(tmp_path / out))
    assert str(refused.value) == (
        f"-l {typed!r} cannot be a file, because -o {str(tmp_path / out)!r} is a folder there: use another file, such "
        "as log.txt"
    )


def test_a_log_in_a_store_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^-l 'gs://b/log' is not a local file: use a local path$"):
        log_path("gs://b/log", "gs://b/out")


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="the system has no /dev/fd")
def test_a_stream_may_lead_to_a_file_with_other_lines(tmp_path: Path) -> None:
    (tmp_path / "service.log").write_text("started\n")
    with open(tmp_path / "service.log", "a") as file:
        assert log_path(f"/dev/fd/{file.fileno()}", str(tmp_path / "out")) == str(tmp_path / "service.log")


def test_a_pipe_keeps_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    assert log_path(str(tmp_path / "link"), str(tmp_path / "out")) == str(tmp_path / "link")
