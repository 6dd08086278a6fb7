"""The report during a run, without a browser."""

from pathlib import Path

from loguru import logger

from pipeline.cli.options import parse
from pipeline.history.record import History
from pipeline.report.live import LiveReport
from pipeline.terminal.progress import ProgressReporter
from tests.support import jpeg, write_tree
from transforms.summary.progress import Progress


def test_a_live_report_that_cannot_be_written_is_logged_once(tmp_path: Path) -> None:
    source, out = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (60, 40))}), tmp_path / "out"
    (out / "report.html").mkdir(parents=True)
    (out / ".run").mkdir()
    options = parse(["-i", str(source), "-o", str(out), "--report_every", "3600"])
    progress = Progress()
    progress.set_total(1)
    live = LiveReport(options, 3600, History(options, 0.0), ProgressReporter(progress, 1), progress)
    live.start()
    messages: list[str] = []
    sink = logger.add(messages.append, format="{message}")
    live.end("it was ended")
    live.end("it was ended again")
    logger.remove(sink)
    assert messages == [
        f"report.html cannot be updated: StorageError: cannot write {str(out / 'report.html')!r}: Is a directory; "
        "check the path and its permissions\n"
    ]
