"""A complete dataset -> its report."""

from __future__ import annotations

import contextlib
import datetime
import os

from pipeline.report.compose import compose_page
from pipeline.report.data import read_report_data
from pipeline.report.pictures import make_pictures
from pipeline.report.render import render
from pipeline.report.verdict import verdict
from transforms import storage
from transforms.model.records import REPORT_PATH


def write_report(out_dir: str) -> str:
    """Write the report of a complete dataset, and return its path.

    Raises:
        RunError: `out_dir` does not contain a complete dataset, or the report cannot be written.
    """
    data = read_report_data(out_dir)
    status = verdict(data.summary["images"])
    html = render(compose_page(data, make_pictures(data), status, datetime.datetime.now(datetime.UTC)))
    if storage.is_local(out_dir):
        _write_local(out_dir, html)
    else:
        storage.write(out_dir, REPORT_PATH, html)
    return storage.join(out_dir, REPORT_PATH)


def _write_local(out_dir: str, html: bytes) -> None:
    """Write the report, and delete the folders that are empty afterwards."""
    temporary = storage.join(out_dir, storage.TEMPORARY_DIR)
    os.makedirs(temporary, exist_ok=True)
    try:
        storage.write(out_dir, REPORT_PATH, html)
    finally:
        with contextlib.suppress(OSError):  # keep a folder that is not empty
            os.removedirs(temporary)
