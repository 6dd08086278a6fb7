"""Checks of the libraries of a worker process."""

from __future__ import annotations

from collections.abc import Mapping

from transforms.dataset.settings import versions
from transforms.imaging.spec import SettingError
from transforms.imaging.strict import check_extra
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError


def check_libraries(config: ResizeConfig, submitted: Mapping[str, str]) -> None:
    """Check that this process would write the same bytes as the submitting one.

    Args:
        config: the dataset to create.
        submitted: the result of `versions` in the process that built the graph.

    Raises:
        RunError: an extra is missing, or a version differs.
    """
    problem = library_problem(config, submitted)
    if problem:
        raise RunError(problem)


def library_problem(config: ResizeConfig, submitted: Mapping[str, str]) -> str | None:
    """Return a message about the first library that is missing or has another version, or None. See above."""
    try:
        check_extra(config.spec)
    except SettingError as error:
        return f"--{error.setting} {error}"
    here = versions(config)
    for library in (*submitted, *(here.keys() - submitted)):
        if here.get(library) != submitted.get(library):
            return (
                f"this worker has {_described(library, here)} but the submitting machine has "
                f"{_described(library, submitted)}, so their outputs could differ: install the same version on both, "
                "or use a worker image that has it (--sdk_container_image)"
            )
    return None


def _described(library: str, versions: Mapping[str, str]) -> str:
    return f"{library} {versions[library]!r}" if library in versions else f"no {library}"
