"""--verify: check the committed files of a dataset."""

from __future__ import annotations

from loguru import logger

from transforms.dataset.plan import Plan
from transforms.dataset.verify import check_shards, missing_documents
from transforms.model.config import ResizeConfig


def verify(config: ResizeConfig, plan: Plan, full: bool) -> int:
    """Check every committed file of the dataset in OUT, and log what is wrong.

    Args:
        config: the dataset.
        plan: its plan.
        full: compare SHA-256 too, instead of sizes alone.

    Returns:
        0 if all files are as they were written, 1 if not; the next run makes again what is missing or differs.
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
    by = "SHA-256" if full else "size"
    if not problems:
        logger.info("all {:,} files are there, checked by {}", files, by)
        return 0
    logger.error(
        "{:,} problems in {:,} shards, of {:,} files checked by {}: give the same command without --verify to make "
        "them again",
        *(len(problems), shards, files, by),
    )
    return 1
