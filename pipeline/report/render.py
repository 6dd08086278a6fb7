"""The page -> its HTML."""

from __future__ import annotations

import base64
import functools
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.report.formatting import breakable, printable
from pipeline.report.page import Page


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipeline.report", "templates"),
        autoescape=True,
        finalize=printable,
        undefined=StrictUndefined,
    )
    environment.filters["breakable"] = breakable
    return environment


@functools.cache
def _script() -> tuple[Markup, str]:
    """Return the script, and its hash. The page's content security policy allows only the script with this hash."""
    script = _environment().get_template("script.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return Markup(script), f"sha256-{digest}"


def render(page: Page) -> bytes:
    """Return the HTML of a page: a single file that loads no other file and sends no request."""
    script, script_hash = _script()
    template = _environment().get_template("report.html.jinja")
    return template.render(page=page, script=script, script_hash=script_hash).encode()
