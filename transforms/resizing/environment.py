"""Checks of the libraries of a worker process, and the destination of its log."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from loguru import logger

from transforms.dataset.settings import versions
from transforms.imaging.extras import check_extras
from transforms.imaging.spec import SettingError
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError


def check_libraries(config: ResizeConfig, submitted: Mapping[str, str]) -> None:
    """Check that this process would write the same bytes as the submitting one.

    Args:
        config: the dataset to make.
        submitted: the result of `versions` in the process that built the graph.

    Raises:
        RunError: an extra is missing, or a version differs.
    """
    problem = library_problem(config, submitted)
    if problem:
        raise RunError(problem)


def library_problem(config: ResizeConfig, submitted: Mapping[str, str]) -> str | None:
    """Return a sentence about the first library that is missing or has another version, or None; see above."""
    try:
        check_extras(config.spec)
    except SettingError as error:
        return f"--{error.setting} {error}"
    here = versions(config)
    for library, version in submitted.items():
        if here[library] != version:
            return (
                f"this worker has {library} {here[library]!r} and the submitting machine {version!r}, so that their "
                "outputs could differ: install the same version on both, or give a worker image that has it "
                "(--sdk_container_image)"
            )
    return None


class _ToLogging(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger(record.name).handle(record)


def hand_over_log() -> None:
    """Pass loguru's messages, with their severity, to `logging`, where the runner collects a worker's log.

    Do nothing where the command has configured loguru already, as in a local run.
    """
    try:
        logger.remove(0)  # loguru's default handler, which is there until somebody configures loguru
    except ValueError:
        return
    logger.add(_ToLogging(), format="{message}")
