import subprocess
import sys

import pytest

from tests.support import ROOT
from transforms.config import ResizeConfig, Split, versions
from transforms.errors import RunError
from transforms.imaging import strict
from transforms.imaging.spec import ResizeSpec
from transforms.worker import check_libraries

SPEC = ResizeSpec(resampler="simd", check_jpeg=True)
CONFIG = ResizeConfig((Split("a", "/in/**", "/in"),), "/out", SPEC, "parquet", 100, 2)


def test_the_same_versions_are_taken() -> None:
    check_libraries(CONFIG, versions(CONFIG))


@pytest.mark.parametrize("library", ["pillow", "libjpeg", "cykooz-resizer", "simplejpeg", "resizer", "pyarrow"])
def test_another_version_is_refused(library: str) -> None:
    here = versions(CONFIG)[library]
    with pytest.raises(RunError) as caught:
        check_libraries(CONFIG, {**versions(CONFIG), library: "0.1"})
    assert str(caught.value) == (
        f"this worker has {library} {here!r} and the submitting machine '0.1', which would mix their bytes in one "
        "dataset: give both the same, by an image (--sdk_container_image) that has it"
    )


def test_a_missing_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = versions(CONFIG)
    strict._module.cache_clear()
    monkeypatch.setitem(sys.modules, "simplejpeg", None)  # as if it were not installed
    with pytest.raises(RunError, match=r"^--check_jpeg "):
        check_libraries(CONFIG, submitted)


@pytest.mark.parametrize(
    ("set_up", "said"),
    [
        ("", "WARNING __main__ a good line\n"),
        ("logger.remove(); logger.add(sys.stderr, format='ours: {message}')", "ours: a good line\n"),
    ],
)
def test_where_loguru_speaks(set_up: str, said: str) -> None:
    code = (
        "import logging, sys; logging.basicConfig(format='%(levelname)s %(name)s %(message)s')\n"
        "from loguru import logger; from transforms.worker import hand_over_log\n"
        f"{set_up}\n"
        "hand_over_log(); hand_over_log()\n"
        "logger.warning('a {} line', 'good')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", said)
