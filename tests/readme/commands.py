"""The commands in README.md, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator

# How the commands of README begin.
_SCRIPTS = ("./run_dataflow.sh", "./run_flink.sh")
_FIRST_WORDS = frozenset({"make", ".venv/bin/python", *_SCRIPTS, "hf", "pip", ".venv/bin/pip", "gcloud"})
_OUTPUT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| ")


def commands(page: str) -> list[str]:
    """Return every command of a page: the indented lines, without the output of commands.

    Raises:
        ValueError: an indented line is neither a command nor the output of one.
    """
    found = []
    for line in _indented(page):
        if line.split()[0] in _FIRST_WORDS:
            found.append(line)
        elif not _OUTPUT.match(line):
            raise ValueError(f"README.md: {line!r} begins like no command: add its first word to `_FIRST_WORDS`")
    return found


def _indented(page: str) -> Iterator[str]:
    """Yield the indented lines of a page outside fenced blocks. A backslash at the end of a line joins the next one."""
    without_fences = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    for match in re.finditer(r"^    (\S(?:.*\\\n)*.*)$", without_fences, re.MULTILINE):
        yield re.sub(r"\\\n\s*", "", match[1])


def obstacle(command: str) -> str | None:
    """Return why a command cannot run here, or None if it can."""
    if command == "make test":
        return "CI runs it by itself"
    if command.startswith("hf "):
        return "it needs an account on the Hugging Face Hub"
    if command.startswith("./run_dataflow.sh"):
        return "it needs a project on Google Cloud"
    if command.startswith("./run_flink.sh"):
        return "it needs a Flink cluster"
    if "s3://open-images-dataset" in command:
        return "it needs the bucket of Open Images"
    return None


def checkable(command: str) -> str | None:
    """Return a command that checks the flags of a command that cannot run here, or None if there is none."""
    return f"{command} --help" if "image_resizer.py" in command or command.startswith(_SCRIPTS) else None
