import sys

import pytest

from transforms.dataset.settings import versions
from transforms.imaging import strict
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig, Split
from transforms.model.errors import RunError
from transforms.resizing.environment import check_libraries, library_problem

SPEC = ResizeSpec(check_jpeg=True)
CONFIG = ResizeConfig((Split("a", "/in/**", "/in"),), "/out", SPEC, "parquet", 100, 2)


def test_the_same_versions_are_accepted() -> None:
    submitted = versions(CONFIG)
    assert set(submitted) >= {"pillow", "resizer", "libjpeg", "simplejpeg", "pyarrow"}
    assert library_problem(CONFIG, submitted) is None


@pytest.mark.parametrize("library", ["pillow", "libjpeg", "simplejpeg", "resizer", "pyarrow"])
def test_another_version_is_refused(library: str) -> None:
    here = versions(CONFIG)[library]
    with pytest.raises(RunError) as caught:
        check_libraries(CONFIG, {**versions(CONFIG), library: "0.1"})
    assert str(caught.value) == (
        f"this worker has {library} {here!r} and the submitting machine '0.1', so that their outputs could differ: "
        "install the same version on both, or give a worker image that has it (--sdk_container_image)"
    )


def test_a_missing_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = versions(CONFIG)
    strict._module.cache_clear()
    monkeypatch.setitem(sys.modules, "simplejpeg", None)  # it cannot be imported
    with pytest.raises(RunError, match=r"^--check_jpeg "):
        check_libraries(CONFIG, submitted)
