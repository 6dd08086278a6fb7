"""The page -> its HTML."""

from __future__ import annotations

import functools

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pipeline.report.formatting import printable
from pipeline.report.page import Page


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pipeline.report", "."),
        autoescape=True,
        finalize=printable,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html.jinja")


def render(page: Page) -> bytes:
    """Return the HTML of a page: one file, which loads no other and sends no request."""
    return _template().render(page=page).encode()
