"""The contents of the report in Chromium."""

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from selenium.webdriver import Chrome

from tests.report.browser import is_installed, look
from tests.support import rows, summary

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="no chromium and chromedriver: make browser installs them"),
]

_FIGURES = """
return Object.fromEntries([...document.querySelectorAll("data[data-figure]")].map(e => [e.dataset.figure, +e.value]))
"""
# Heading of each plot -> the cells of its table.
_PLOTS = """
return Object.fromEntries([...document.querySelectorAll("figure.card")].map(
    f => [f.querySelector("h3").textContent, [...f.querySelectorAll("td")].map(d => d.textContent)]))
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
    assert cases["Most enlarged sources"] == ["dog #1?%/s.jpg"]
    assert cases["Largest change of aspect ratio"][0] == "dog #1?%/s.jpg"
    assert "cat/new.jpg" not in cases["Largest change of aspect ratio"]
    figures = chrome.execute_script(_FIGURES)
    assert (figures["classes.cat"], figures["classes.dog #1?%"], figures["splits.train.images"]) == (10, 9, 19)
    groups = chrome.execute_script("return [...document.querySelectorAll('.duplicate')].map(d => d.innerText)")
    assert [group.split("\n")[0] for group in groups] == ["4 images"] * 3 + ["2 images"] * 2
    assert all("and 1 more" in group for group in groups[:3])
    assert not any("more" in group for group in groups[3:])
    rows_compared = chrome.execute_script(
        "return [...document.querySelectorAll('.comparison tbody tr')].slice(0, 2).map(r => r.innerText.split('\\t'))"
    )
    assert rows_compared == [["Images of the dataset", "18", "19", "+1"], ["Failures", "0", "0", "\N{EN DASH}"]]


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
