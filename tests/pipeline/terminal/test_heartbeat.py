"""If its output goes to a file or a pipe, the command logs regularly that it is running, whatever is slow."""

import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from loguru import logger
from PIL import Image

from pipeline.terminal import heartbeat
from tests.pipeline.conftest import Make
from tests.support import image_bytes, photo_tree, write_tree
from transforms import storage
from transforms.storage import gcs_client

_SECONDS = 0.15


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "PERIOD", _SECONDS)


def test_a_line_comes_only_after_silence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.terminal import log

    log.configure("info", None)
    monkeypatch.setattr(heartbeat, "PERIOD", 1.0)  # a busy machine does not lengthen a pause of 0.05 s as much
    with heartbeat.at_work("waiting"):
        for _ in range(25):
            time.sleep(0.05)
            logger.info("another line")
    assert "waiting" not in capsys.readouterr().err
    monkeypatch.setattr(heartbeat, "PERIOD", _SECONDS)
    with heartbeat.at_work("waiting"):
        time.sleep(3.5 * _SECONDS)
    lines = [line.split(" | ")[-1] for line in capsys.readouterr().err.splitlines()]
    assert lines
    assert all(re.fullmatch(r"waiting: \d+ s so far", line) for line in lines)
    time.sleep(2 * _SECONDS)
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_run_in_which_nothing_finishes_says_so(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The input is one image of 100 megapixels, so no progress line (one per 1000 images) is logged."""
    monkeypatch.setattr(heartbeat, "PERIOD", _SECONDS / 5)
    noise = Image.effect_noise((1_000, 1_000), 64).resize((10_000, 10_000), Image.Resampling.NEAREST)
    large = image_bytes(noise, "PNG", compress_level=1)
    source = write_tree(tmp_path / "in", {"large.png": large})
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 64)
    waiting = "0 of 1 image (0 %), 0.0 images/s, time left unknown, 0 failed"
    assert shown.count(waiting) >= 2
    assert shown.index(waiting) < shown.index("1 image matched: 1 written, 0 failed, 0 skipped")


@pytest.mark.slow
@pytest.mark.usefixtures("_impatient")
def test_a_run_that_lists_says_so(make: Make, tmp_path: Path) -> None:
    source = photo_tree(tmp_path / "in", 1)
    data = (source / "p000.jpg").read_bytes()
    write_tree(source, {f"{number % 100}/{number}.txt": b"" for number in range(30_000)})
    write_tree(source, {"a.jpg": data})
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 64)
    assert any(re.fullmatch(r"listing the input: \d+ s so far", line) for line in shown)


class _SlowStore(ThreadingHTTPServer):
    """A store with an empty bucket that responds to each request after a short delay."""

    daemon_threads = True

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(3 * _SECONDS)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_args: object) -> None:
            """Log nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.Handler)


@pytest.fixture
def slow_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with _SlowStore() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()
        thread.join(timeout=10)
    storage.set_options([])
    gcs_client.client.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("_impatient", "slow_store")
def test_the_checks_before_a_run_say_so(make: Make, tmp_path: Path) -> None:
    *lines, last = make("-i", "gs://bucket/train", "-o", tmp_path / "out", "--no_auth", expect=2)
    assert last == "image_resizer: -i 'gs://bucket/train/**' matches nothing: use a path or pattern that matches images"
    assert len(lines) >= 3
    assert all(re.fullmatch(r"checking the command and its inputs: \d+ s so far", line) for line in lines)


@pytest.mark.slow
def test_a_check_of_the_files_says_so(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = photo_tree(tmp_path / "in", 1)
    data = (source / "p000.jpg").read_bytes()
    write_tree(source, {f"{number}.jpg": data for number in range(600)})
    make("-i", source, "-o", tmp_path / "out", "-s", 32, "--images_per_shard", 1)
    monkeypatch.setattr(heartbeat, "PERIOD", _SECONDS / 10)
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 32, "--images_per_shard", 1, "--verify", "full")
    assert shown[-1].endswith("files are there, checked by SHA-256")
    assert any(line.startswith("checking the files of the dataset: ") for line in shown[:-1])
