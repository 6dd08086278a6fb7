"""--verify: what became of a dataset since it was made."""

from __future__ import annotations

from loguru import logger

from transforms.dataset.plan import Plan
from transforms.dataset.verify import check_shards, missing_documents
from transforms.model.config import ResizeConfig


def verify(config: ResizeConfig, plan: Plan, full: bool) -> int:
    """Looks at every committed file of the dataset in OUT, and says what is wrong.

    Returns:
        0 where all is as it was made, 1 where something is not; the next run makes that anew.
    """
    files = shards = 0
    problems: list[str] = []
    for checked in check_shards(config, plan, full):
        files += checked.files
        shards += bool(checked.problems)
        problems += checked.problems
        for problem in checked.problems:
            logger.warning("{}", problem)
    for problem in missing_documents(config, plan):
        logger.warning("{}", problem)
        problems.append(problem)
    by = "SHA-256" if full else "their sizes"
    if not problems:
        logger.info("all {:,} files are there, by {}", files, by)
        return 0
    logger.error(
        "{:,} problems in {:,} shards, of {:,} files by {}: the same command without --verify makes them again",
        *(len(problems), shards, files, by),
    )
    return 1
