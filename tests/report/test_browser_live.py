"""The report during a run, in Chromium."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.pipeline.test_kill import wait_until
from tests.report.browser import is_installed, look, problems
from tests.support import ROOT, jpeg, write_tree
from tests.support.endings import wait_for_handlers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="no chromium and chromedriver: make browser installs them"),
]


def test_the_page_follows_a_run_until_it_is_stopped(tmp_path: Path, chrome: Chrome) -> None:
    photos = [jpeg(seed, (1600, 1200)) for seed in range(4)]
    write_tree(tmp_path / "in", {f"p{number:03d}.jpg": photos[number % 4] for number in range(600)})
    out = tmp_path / "out"
    args = ["-i", tmp_path / "in", "-o", out, "-s", 64, "-j", 1, "--images_per_shard", 10, "--report_every", 1]
    command = [sys.executable, "image_resizer.py", *map(str, args)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_for_handlers(process)
    wait_until(lambda: (out / "report.html").exists())
    look(chrome, out / "report.html", 390)
    assert problems(chrome) == []
    assert chrome.execute_script("return document.querySelector('.badge').textContent") == "running"
    assert " of 600 images (" in chrome.execute_script("return document.querySelector('.status').textContent")
    wait_until(lambda: "committed" in _status(chrome) and _written(chrome) > 0)  # by its own refresh
    wait_until(lambda: chrome.execute_script(_EVERY_IMAGE_HAS_TWO_PICTURES))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    look(chrome, out / "report.html", 390)
    assert chrome.execute_script("return document.querySelector('.badge').textContent") == "stopped"
    assert "Stopped by SIGINT. " in _status(chrome)
    assert b'http-equiv="refresh"' not in (out / "report.html").read_bytes()


_EVERY_IMAGE_HAS_TWO_PICTURES = """
const images = [...document.querySelectorAll('.viewer')]
return images.length > 0 && images.every(e => [...e.querySelectorAll('img')].filter(i => i.naturalWidth).length == 2)
"""


def _status(chrome: Chrome) -> str:
    return str(chrome.execute_script("return document.querySelector('.status')?.textContent || ''"))


def _written(chrome: Chrome) -> int:
    return int(chrome.execute_script(_WRITTEN) or 0)


_WRITTEN = "return document.querySelector('data[data-figure=\"images.written\"]')?.value"
