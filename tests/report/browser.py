"""Debian's Chromium in headless mode, without requests of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.support import ROOT

# Where `make browser` installs the accessibility checker.
AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"

# No requests of its own and no first-run pages. Chromium's sandbox does not work for root.
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)


def is_installed() -> bool:
    """Return whether this machine has both the browser and its driver."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Chrome]:
    """Start a browser, and end it at the end of the block.

    Args:
        profile: an empty folder for its profile.
    """
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options, ChromeService(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def look(driver: Chrome, page: Path, width: int, scheme: str = "light") -> None:
    """Open a page on a screen `width` CSS pixels wide, in the color scheme "light" or "dark"."""
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get_log("performance")
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get(page.as_uri())


def requests(driver: Chrome) -> list[str]:
    """Return the addresses that the page requested since `look`, without data URIs."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    urls = [params["request"]["url"] for params in sent]
    return [url for url in urls if not url.startswith("data:")]


def problems(driver: Chrome) -> list[dict[str, Any]]:
    """Return the console messages since `look`."""
    return list(driver.get_log("browser"))


def violations(driver: Chrome) -> list[tuple[str, str]]:
    """Return the rule and the element of each violation that axe-core finds on the displayed page."""
    driver.execute_script(AXE.read_text(encoding="utf-8"))
    found = driver.execute_async_script(_RUN_AXE)
    return [(str(rule), str(element)) for rule, element in found]


_RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run().then(result => done(result.violations.flatMap(v => v.nodes.map(n => [v.id, n.html.slice(0, 200)]))))
"""
