import sys

import pytest

from transforms.dataset.settings import versions
from transforms.imaging import extras, strict
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig, Split
from transforms.model.errors import RunError
from transforms.resizing.library_check import check_libraries, library_problem

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
        f"this worker has {library} {here!r} but the submitting machine has {library} '0.1', so their outputs could "
        "differ: install the same version on both, or use a worker image that has it (--sdk_container_image)"
    )


@pytest.mark.parametrize("package", ["pillow-heif", "pillow-jxl-plugin"])
def test_a_decoder_that_one_side_lacks_is_refused(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = versions(CONFIG)
    version = everything[package]
    others = {name: version for name, version in everything.items() if name != package}
    end = (
        "so their outputs could differ: install the same version on both, or use a worker image that has it "
        "(--sdk_container_image)"
    )
    assert library_problem(CONFIG, others) == (
        f"this worker has {package} {version!r} but the submitting machine has no {package}, {end}"
    )
    monkeypatch.setattr(extras, "installed", lambda: tuple(e for e in extras.EXTRAS if e.distribution != package))
    monkeypatch.setattr("transforms.imaging.spec.installed", extras.installed)
    assert library_problem(CONFIG, everything) == (
        f"this worker has no {package} but the submitting machine has {package} {version!r}, {end}"
    )


def test_a_missing_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = versions(CONFIG)
    strict._module.cache_clear()
    monkeypatch.setitem(sys.modules, "simplejpeg", None)  # it cannot be imported
    with pytest.raises(RunError, match=r"^--check_jpeg "):
        check_libraries(CONFIG, submitted)
