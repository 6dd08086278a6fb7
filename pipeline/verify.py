"""--verify: check the committed files of a dataset."""

from __future__ import annotations

from loguru import logger

from transforms.dataset.plan import Plan
from transforms.dataset.verify import check_shards, missing_documents
from transforms.model.config import ResizeConfig
from transforms.model.counting import counted


def verify(config: ResizeConfig, plan: Plan, full: bool) -> int:
    """Check every committed file of the dataset in OUT, and log all problems.

    Args:
        config: the dataset.
        plan: its plan.
        full: compare the SHA-256 of each file, instead of only its size.

    Returns:
        0 if all files are unchanged, 1 if not. The next run recreates files that are missing or differ.
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
        are_there = "the only file is" if files == 1 else f"all {files:,} files are"
        logger.info("{} there, checked by {}", are_there, by)
        return 0
    logger.error(
        "{} in {}, {} checked by {}: run the same command without --verify to recreate missing or changed files",
        counted(len(problems), "problem"),
        counted(shards, "shard"),
        counted(files, "file"),
        by,
    )
    return 1
