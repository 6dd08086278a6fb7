"""The report as Chromium shows it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from PIL import Image
from selenium.webdriver import Chrome

from tests.pipeline.test_kill import wait_until
from tests.report.browser import AXE, browser, is_installed, look, problems, requests, violations
from tests.support import ROOT, image_bytes, jpeg, rows, run, summary, write_tree
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
return [...document.querySelectorAll(".card, .card *, .sheet, .sheet *")]
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
# Short words that are broken into several lines, such as one letter on each.
_BROKEN_WORDS = r"""
const broken = [];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let text; text = texts.nextNode();) {
  for (const word of text.data.matchAll(/[\p{L}\p{N}]{2,14}/gu)) {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    const lines = new Set([...range.getClientRects()].map(line => Math.round(line.top)));
    const around = (text.data[word.index - 1] || "") + (text.data[word.index + word[0].length] || "");
    const isPart = /[\p{L}\p{N}]/u.test(around);  // of a longer word
    if (lines.size > 1 && !isPart) broken.push(word[0]);
  }
}
return broken;
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
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a dataset of one size in archives, with classes, duplicates, a blank image, and two runs."""
    folder = tmp_path_factory.mktemp("classes")
    photos = {f"{name}/{seed}.jpg": jpeg(seed % 5, (300, 240)) for seed in range(8) for name in ("cat", "dog #1?%")}
    blank = {
        "cat/blank.png": image_bytes(Image.new("RGB", (400, 300), "white"), "PNG"),
        "dog #1?%/s.jpg": jpeg(9, (9, 6)),
    }
    source = write_tree(folder / "in", photos | blank)
    args = ("-i", source, "-o", folder / "out", "-s", 96, "--label_from", "folder", "--layout", "webdataset")
    assert run(*args, "--fit", "crop").returncode == 0
    write_tree(source, {"cat/new.jpg": jpeg(20, (200, 200))})
    assert run(*args, "--fit", "crop").returncode == 0
    return folder / "out"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a dataset of which no image could be written."""
    folder = tmp_path_factory.mktemp("failed")
    write_tree(folder / "in", {"a.jpg": b"no image", "b.jpg": jpeg(1, (200, 100))[:-900], "c.jpg": b""})
    assert run("-i", folder / "in", "-o", folder / "out").returncode == 0
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


def test_no_label_of_a_plot_is_cut_off(out: Path, chrome: Chrome) -> None:
    look(chrome, out / "report.html", 360)
    assert chrome.execute_script(_CUT_LABELS) == []


_CUT_LABELS = """
return [...document.querySelectorAll("svg.plot text")].filter(text => {
  const label = text.getBoundingClientRect(), plot = text.closest("svg").getBoundingClientRect();
  return label.left < plot.left || label.right > plot.right;
}).map(text => text.textContent)
"""


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


def test_histograms(out: Path, chrome: Chrome) -> None:
    look(chrome, out / "report.html", 390)
    plots = dict(chrome.execute_script(_PLOTS))
    for size in ("128", "64"):
        counts = [int(cell) for cell in plots[f"Bytes per output, {size} px"] if cell != "0"]
        assert sorted(counts) == sorted(summary(out)["output_bytes"][size].values())


@pytest.mark.skipif(not AXE.exists(), reason="no axe-core: make browser installs it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("dataset", ["out", "classes", "failed"])
def test_axe_finds_no_violation(dataset: str, scheme: str, chrome: Chrome, request: pytest.FixtureRequest) -> None:
    look(chrome, request.getfixturevalue(dataset) / "report.html", 1400, scheme)
    assert violations(chrome) == []
    chrome.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    chrome.execute_script("document.querySelector('button.tile')?.click()")
    assert violations(chrome) == []


@pytest.mark.parametrize("width", [360, 420, 500, 520, 540, 560, 580, 600, 768, 1400])
@pytest.mark.parametrize("dataset", ["out", "classes", "failed"])
def test_no_word_is_broken(dataset: str, width: int, chrome: Chrome, request: pytest.FixtureRequest) -> None:
    look(chrome, request.getfixturevalue(dataset) / "report.html", width)
    assert chrome.execute_script("return document.documentElement.scrollWidth") == width
    assert chrome.execute_script(_BROKEN_WORDS) == []


def headings(chrome: Chrome) -> list[str]:
    return [str(text) for text in chrome.execute_script(_HEADINGS)]


_HEADINGS = "return [...document.querySelectorAll('h2')].map(h => h.textContent)"


def test_the_sections_are_in_the_order_in_which_they_decide(
    out: Path, classes: Path, failed: Path, chrome: Chrome
) -> None:
    numbers = ["Sizes before and after", "Distributions", "Time", "Settings and files"]
    look(chrome, out / "report.html", 1400)
    assert headings(chrome) == ["Images", "Worst cases", "Classes and splits", "Duplicates", "Failures", *numbers]
    look(chrome, classes / "report.html", 1400)
    assert headings(chrome) == ["Images", "Worst cases", "Classes and splits", "Duplicates", *numbers]
    look(chrome, failed / "report.html", 1400)
    assert headings(chrome) == ["Classes and splits", "Failures", *numbers]


def text(chrome: Chrome, selector: str) -> str:
    return str(chrome.execute_script("return document.querySelector(arguments[0]).textContent", selector))


def test_the_verdict_comes_first(out: Path, classes: Path, failed: Path, chrome: Chrome) -> None:
    verdicts = {
        out: ("14 images, 7 failed, 1 skipped, 5 are duplicates of others", "bad", "50.0 % failed"),
        classes: ("19 images, none failed, 11 are duplicates of others", "good", "complete"),
        failed: ("3 images, 3 failed", "bad", "nothing written"),
    }
    for dataset, (sentence, kind, badge) in verdicts.items():
        look(chrome, dataset / "report.html", 1400)
        assert text(chrome, ".verdict") == sentence
        assert text(chrome, f".badge.{kind}") == badge
        green = chrome.execute_script("return getComputedStyle(document.querySelector('.badge')).color")
        assert (green == "rgb(36, 112, 63)") == (kind == "good")


# Heading of each list of worst cases -> the names in it.
_CASES = """
return Object.fromEntries([...document.querySelectorAll(".cases")].map(
    list => [list.querySelector("h3").textContent, [...list.querySelectorAll(".name")].map(n => n.textContent)]))
"""


def test_worst_cases_classes_and_duplicates_are_named(classes: Path, chrome: Chrome) -> None:
    look(chrome, classes / "report.html", 1400)
    cases = dict(chrome.execute_script(_CASES))
    assert cases["Suspected blank"] == ["cat/blank.png"]
    assert cases["Smallest sources, enlarged most"] == ["dog #1?%/s.jpg"]
    assert cases["Largest change of aspect"][0] == "dog #1?%/s.jpg"
    assert "cat/new.jpg" not in cases["Largest change of aspect"]
    figures = chrome.execute_script(_FIGURES)
    assert (figures["classes.cat"], figures["classes.dog #1?%"], figures["splits.in.images"]) == (10, 9, 19)
    groups = chrome.execute_script("return [...document.querySelectorAll('.duplicate')].map(d => d.innerText)")
    assert [group.split("\n")[0] for group in groups] == ["4 images"] * 3 + ["2 images"] * 2
    assert all("and 1 more" in group for group in groups[:3])
    assert not any("more" in group for group in groups[3:])
    rows_compared = chrome.execute_script(
        "return [...document.querySelectorAll('.comparison tbody tr')].slice(0, 2).map(r => r.innerText.split('\\t'))"
    )
    assert rows_compared == [["Images of the dataset", "18", "19", "+1"], ["Failures", "0", "0", "\N{EN DASH}"]]


def test_an_image_opens_and_its_source_is_compared_with_its_output(out: Path, chrome: Chrome) -> None:
    look(chrome, out / "report.html", 420)
    visible = "return [...document.querySelectorAll('.viewer')].filter(v => v.offsetHeight).map(v => v.id)"
    assert chrome.execute_script(visible) == []
    chrome.find_element("css selector", "button.tile").click()
    assert chrome.execute_script(visible) == ["image-1"]
    clip = "return getComputedStyle(document.querySelector('#image-1 .output img')).clipPath"
    first_view = "document.querySelector('#image-1 .view').querySelectorAll('img')"
    at_left = f"return [...{first_view}].map(i => i.getBoundingClientRect().left)"
    assert chrome.execute_script(clip) == "inset(0px 0px 0px 50%)"
    left, right = chrome.execute_script(at_left)
    assert left == right
    slide = "const s = document.querySelector('#image-1 input'); s.value = 25; s.dispatchEvent(new Event('input'))"
    chrome.execute_script(slide)
    assert chrome.execute_script(clip) == "inset(0px 0px 0px 25%)"
    sizes = chrome.execute_script(
        "return [...document.querySelectorAll('#image-1 img')].map(i => [i.clientWidth, i.naturalWidth])"
    )
    assert len(sizes) == 4
    assert all(shown == natural for shown, natural in sizes)
    chrome.find_element("css selector", "#image-1 input[type=checkbox]").click()
    assert chrome.execute_script(clip) == "none"
    chrome.find_element("css selector", "#image-1 .close").click()
    assert chrome.execute_script(visible) == []


def test_the_page_needs_no_script(out: Path, chrome: Chrome) -> None:
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    look(chrome, out / "report.html", 1400)
    chrome.find_element("css selector", "button.tile").click()
    left, right = (chrome.find_element("css selector", f"#image-1 .view .{side} img") for side in ("source", "output"))
    assert left.is_displayed()
    assert right.is_displayed()
    assert right.location["x"] >= left.location["x"] + left.size["width"]
    assert chrome.find_elements("css selector", "#image-1 input") == []
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_links_lead_to_the_files_beside_the_page(out: Path, classes: Path, chrome: Chrome) -> None:
    for dataset in (out, classes):
        look(chrome, dataset / "report.html", 1400)
        urls = chrome.execute_script("return [...document.querySelectorAll('a[href]')].map(a => a.href)")
        files = {url for url in urls if "#" not in url}
        paths = {Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path))) for url in files}
        assert [path for path in paths if not path.is_file()] == []
        assert {"README.md", "summary.json", "manifest-00000-of-00001.jsonl"} <= {path.name for path in paths}
    look(chrome, out / "report.html", 1400)
    linked = chrome.execute_script("return [...document.querySelectorAll('.viewer h4 a')].map(a => a.href)")
    written = [row["path"] for row in rows(out, "manifest") if row["status"] == "written"]
    found = {os.fsdecode(unquote_to_bytes(urlsplit(url).path)) for url in linked}
    assert found == {str(out / path) for path in written}


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
    return int(dict(chrome.execute_script(_FIGURES)).get("images.written", 0))


def test_a_printed_plot_has_the_table_of_its_numbers(out: Path, chrome: Chrome) -> None:
    look(chrome, out / "report.html", 1000)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return [...document.querySelectorAll('details table')].every(t => t.getBoundingClientRect().height > 0)"
    assert chrome.execute_script(shown)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
