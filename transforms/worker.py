"""What a process makes sure of before it works on images: its libraries, and where its log goes."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from loguru import logger

from transforms.config import ResizeConfig, versions
from transforms.errors import RunError
from transforms.imaging.extras import check_extras
from transforms.imaging.spec import SettingError


def check_libraries(config: ResizeConfig, submitted: Mapping[str, str]) -> None:
    """Makes sure that this process makes the bytes that the submitting one would.

    Args:
        config: the dataset to make.
        submitted: the `versions` of where the graph was built.

    Raises:
        RunError: an extra is missing, or a version differs.
    """
    try:
        check_extras(config.spec)
    except SettingError as error:
        raise RunError(f"--{error.setting} {error}") from error
    here = versions(config)
    for library, version in submitted.items():
        if here[library] != version:
            raise RunError(
                f"this worker has {library} {here[library]!r} and the submitting machine {version!r}, which would mix "
                "their bytes in one dataset: give both the same, by an image (--sdk_container_image) that has it"
            )


class _ToLogging(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger(record.name).handle(record)


def hand_over_log() -> None:
    """Passes loguru's lines, with their severity, to the log of the runner whose worker this process is.

    Where the command has set loguru up already, as in a local run, nothing changes.
    """
    try:
        logger.remove(0)  # loguru's own, which is there as long as nobody has set anything up
    except ValueError:
        return
    logger.add(_ToLogging(), format="{message}")
