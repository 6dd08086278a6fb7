import subprocess
import sys

from tests.support import ROOT


def test_a_missing_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = versions(CONFIG)
    strict._module.cache_clear()
    monkeypatch.setitem(sys.modules, "simplejpeg", None)  # it cannot be imported
    with pytest.raises(RunError, match=r"^--check_jpeg "):
        check_libraries(CONFIG, submitted)


@pytest.mark.parametrize(
    ("configuration", "output"),
    [
        ("", "WARNING __main__ a good line\n"),
        ("logger.remove(); logger.add(sys.stderr, format='ours: {message}')", "ours: a good line\n"),
    ],
)
def test_loguru_writes_to_logging_unless_it_is_configured(configuration: str, output: str) -> None:
    code = (
        "import logging, sys; logging.basicConfig(format='%(levelname)s %(name)s %(message)s')\n"
        "from loguru import logger; from transforms.summary.worker_log import forward_log\n"
        f"{configuration}\n"
        "forward_log(); forward_log()\n"
        "logger.warning('a {} line', 'good')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", output)
