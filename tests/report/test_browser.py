"""The report in Chromium."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.report.browser import AXE, is_installed, look, problems, requests, violations

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="no chromium and chromedriver: make browser installs them"),
]

# Elements that are cut off, or require horizontal scrolling.
_TOO_WIDE = """
return [...document.querySelectorAll(".card, .card *, .sheet, .sheet *")]
    .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && !e.closest("svg, .scroll"))
    .filter(e => getComputedStyle(e).display != "inline")
    .map(e => e.outerHTML.slice(0, 200))
"""
# Short words that are broken into several lines, such as one letter per line.
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


def test_a_printed_plot_has_the_table_of_its_numbers(out: Path, chrome: Chrome) -> None:
    look(chrome, out / "report.html", 1000)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return [...document.querySelectorAll('details table')].every(t => t.getBoundingClientRect().height > 0)"
    assert chrome.execute_script(shown)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
