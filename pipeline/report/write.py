"""OUT -> OUT/report.html."""

from __future__ import annotations

import contextlib
import datetime
import os

from pipeline.report.contact_sheet import sheets_of
from pipeline.report.facts import read_report_data
from pipeline.report.page import State, page_of
from pipeline.report.render import render
from transforms import storage
from transforms.model.records import REPORT_PATH


def write_report(out_dir: str) -> str:
    """Makes the report of a complete dataset, and gives its path.

    Raises:
        RunError: there is no complete dataset, or the page cannot be written.
    """
    facts = read_report_data(out_dir)
    images = facts.summary["images"]
    accounted = f"All {images['matched']:,} images are accounted for."
    page = page_of(facts, sheets_of(facts), State("complete", accounted), datetime.datetime.now(datetime.UTC))
    html = render(page)
    if storage.is_local(out_dir):
        _write_local(out_dir, html)
    else:
        storage.write(out_dir, REPORT_PATH, html)
    return storage.join(out_dir, REPORT_PATH)


def _write_local(out_dir: str, html: bytes) -> None:
    """Leaves nothing else behind, also where `_run` was deleted."""
    temporary = storage.join(out_dir, storage.TEMPORARY_DIR)
    os.makedirs(temporary, exist_ok=True)
    try:
        storage.write(out_dir, REPORT_PATH, html)
    finally:
        with contextlib.suppress(OSError):  # what is not empty stays
            os.removedirs(temporary)
