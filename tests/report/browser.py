"""A page in a real browser: Debian's Chromium, headless, without a network of its own."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

# None of its own requests, and no first-run pages; as root it has no sandbox.
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)


def is_there() -> bool:
    """Whether this machine has both the browser and what drives it."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Chrome]:
    """A new browser.

    Args:
        profile: an empty folder for it.
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
    """Opens a page as a screen of `width` CSS pixels shows it, in a "light" or "dark" scheme."""
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get_log("performance")
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get(page.as_uri())


def requests(driver: Chrome) -> list[str]:
    """The addresses that the page asked for since `look`, data URIs apart."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if not url.startswith("data:")]


def problems(driver: Chrome) -> list[dict[str, Any]]:
    """What the console said since `look`."""
    return list(driver.get_log("browser"))


def screenshot(driver: Chrome, path: Path) -> None:
    """The whole page as a PNG."""
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    path.write_bytes(base64.b64decode(taken["data"]))
