"""The report as Chromium shows it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.pipeline.test_kill import wait_until
from tests.report.browser import browser, is_installed, look, problems, requests
from tests.support import ROOT, jpeg, rows, run, summary, write_tree
from tests.support.endings import wait_for_handlers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="no chromium and chromedriver: make browser installs them"),
]

# Names that hold markup, end an attribute, change the direction of text, break a line, or are not Unicode.
HOSTILE = (
    *("<script>alert(1)<script>.jpg", "'\"&.jpg", "\u202egpj.jpg", "a\nb.jpg"),
    *(os.fsdecode(b"\xff.jpg"), f"{'w' * 251}.jpg"),
)

# Elements that are cut off, or that a reader would have to scroll sideways.
_TOO_WIDE = """
return [...document.querySelectorAll(".card, .card *")]
    .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && !e.closest("svg, .scroll"))
    .filter(e => getComputedStyle(e).display != "inline")
    .map(e => e.outerHTML.slice(0, 200))
"""
_FIGURES = """
return Object.fromEntries([...document.querySelectorAll("data[data-figure]")].map(e => [e.dataset.figure, +e.value]))
"""
# Heading of each plot -> the cells of its table.
_PLOTS = """
return Object.fromEntries([...document.querySelectorAll("figure.card")].map(
    f => [f.querySelector("h3").textContent, [...f.querySelectorAll("td")].map(d => d.textContent)]))
"""
_CAPTIONS = """
return [...document.querySelectorAll(".pictured")].map(
    image => [...image.querySelectorAll("figcaption")].map(c => c.innerText))
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a dataset of two splits and two sizes, with failures, a skipped image and an ignored file."""
    folder = tmp_path_factory.mktemp("report")
    broken = {f"{name[:99]}.png": b"no image" for name in HOSTILE}
    rest = {"cut.jpg": jpeg(1, (500, 500))[:-500], "thin.jpg": jpeg(2, (9, 90)), "x.txt": b""}
    images = {name: jpeg(seed, (300 + 40 * seed, 200)) for seed, name in enumerate(HOSTILE)}
    train, validation = write_tree(folder / "train", images), write_tree(folder / "val", {**broken, **rest})
    done = run("-i", train, validation, "-o", folder / "out", "-s", 128, 64, "-ext", "jpg", "--min_side", 20)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_loads_without_requests_and_fits_the_screen(
    out: Path, chrome: Chrome, width: int, scheme: str
) -> None:
    page = out / "report.html"
    look(chrome, page, width, scheme)
    assert problems(chrome) == []
    assert requests(chrome) == [page.as_uri()]
    assert chrome.execute_script("return document.documentElement.scrollWidth") == width
    assert chrome.execute_script(_TOO_WIDE) == []
    assert chrome.execute_script("return [...document.images].every(i => i.complete && i.naturalWidth > 0)")
    dark = chrome.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    assert dark == (scheme == "dark")


def test_the_figures_are_those_of_the_manifest(out: Path, chrome: Chrome) -> None:
    look(chrome, out / "report.html", 1440)
    manifest = rows(out, "manifest")
    sources: dict[str, set[str]] = {}
    for row in manifest:
        sources.setdefault(row["source"], set()).add(row["status"])
    source_bytes = {row["source"]: row["source_bytes"] for row in manifest}
    expected = {
        "images.matched": len(sources),
        "source_bytes": sum(source_bytes.values()),
        "splits.train.images": sum(name.startswith("train/") for name in sources),
        "splits.val.images": sum(name.startswith("val/") for name in sources),
    }
    for status in ("written", "failed", "skipped"):
        expected[f"images.{status}"] = sum(status in statuses for statuses in sources.values())
    for size in (128, 64):
        written = [row["bytes"] for row in manifest if row["size"] == size and row["status"] == "written"]
        expected |= {f"outputs.{size}.images": len(written), f"outputs.{size}.bytes": sum(written)}
    for row in rows(out, "failures"):
        expected[f"failures.{row['error']}"] = expected.get(f"failures.{row['error']}", 0) + 1
    assert chrome.execute_script(_FIGURES) == expected
    assert (expected["images.written"], expected["images.failed"], expected["images.skipped"]) == (6, 7, 1)


def test_histograms_and_contact_sheet(out: Path, chrome: Chrome) -> None:
    look(chrome, out / "report.html", 390)
    plots = dict(chrome.execute_script(_PLOTS))
    for size in ("128", "64"):
        counts = [int(cell) for cell in plots[f"Bytes per output, {size} px"] if cell != "0"]
        assert sorted(counts) == sorted(summary(out)["output_bytes"][size].values())
    captions = list(chrome.execute_script(_CAPTIONS))
    assert len(captions) == 6
    row = next(row for row in rows(out, "manifest") if row["source"].endswith("&.jpg") and row["size"] == 64)
    dimensions = f"64 px\n{row['width']} \N{MULTIPLICATION SIGN} {row['height']}\n"
    assert any(dimensions in caption[2] for caption in captions)
    pictures = chrome.execute_script("return [...document.images].map(i => [i.naturalWidth, i.naturalHeight])")
    assert [row["width"], row["height"]] in pictures


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
const images = [...document.querySelectorAll('.pictured')]
return images.length > 0 && images.every(e => [...e.querySelectorAll('img')].filter(i => i.naturalWidth).length == 2)
"""


def _status(chrome: Chrome) -> str:
    return str(chrome.execute_script("return document.querySelector('.status')?.textContent || ''"))


def _written(chrome: Chrome) -> int:
    return int(dict(chrome.execute_script(_FIGURES)).get("images.written", 0))


def test_a_printed_plot_has_the_table_of_its_numbers(out: Path, chrome: Chrome) -> None:
    look(chrome, out / "report.html", 1000)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return [...document.querySelectorAll('details table')].every(t => t.getBoundingClientRect().height > 0)"
    assert chrome.execute_script(shown)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
