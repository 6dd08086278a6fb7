"""The log of a Beam worker, which its runner collects."""

from __future__ import annotations

import logging

from loguru import logger


class _ToLogging(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger(record.name).handle(record)


def forward_log() -> None:
    """Forward loguru's messages and their levels to `logging`, where the runner collects a worker's log.

    Do nothing if the command has configured loguru, as in a local run.
    """
    try:
        logger.remove(0)  # loguru's default handler, which exists unless loguru was configured
    except ValueError:
        return
    logger.add(_ToLogging(), format="{message}")
