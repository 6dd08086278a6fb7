"""docs/flags.md, generated from the parser: `make docs` writes the page, and a test compares it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from pipeline.cli.flags import parser_and_groups
from pipeline.cli.group import FlagGroup
from transforms.imaging.spec import FITS, MODES
from transforms.layouts import LAYOUTS

_HEAD = """\
# Flags

`make docs` writes this page from the declarations in `pipeline/cli`; `image_resizer.py --help` prints the same.

"""

# A flag, and the value after it if the value is in capitals, a runner or one of the known words.
_VALUES = (r"[A-Z][A-Z:]+", r"[A-Z]\w+Runner", *LAYOUTS, *FITS, *MODES)
_FLAG = re.compile(rf"(?<![\w-])--?[a-z]+(?:[_-][a-z]+)*(?: (?:{'|'.join(_VALUES)})\b)?")


def page() -> str:
    """Return the page: one table for each group of flags."""
    parser, groups = parser_and_groups()
    note = f"{_markdown(parser.epilog or '')} A flag that neither program recognizes is an error.\n"
    return "\n".join([_HEAD + note, *map(_section, groups)])


def _section(group: FlagGroup) -> str:
    return "\n".join([f"## {group.title.capitalize()}", "", *_table(group.actions), ""])


def _table(actions: list[argparse.Action]) -> Iterator[str]:
    yield "| flag | meaning | default |"
    yield "| --- | --- | --- |"
    for action in actions:
        meaning, default = _meaning(action)
        yield f"| {_spelling(action)} | {meaning} | {default} |"


def _spelling(action: argparse.Action) -> str:
    """Return the spellings of a flag, such as "`-s`, `--size` `SIZE ...`"."""
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    values = "\\|".join(action.choices) if action.choices else str(action.metavar or "")
    if not values:
        return names
    value = {"+": f"{values} ...", "?": f"[{values}]"}.get(str(action.nargs), values)
    return f"{names} `{value}`"


def _meaning(action: argparse.Action) -> tuple[str, str]:
    """Return the help of a flag without the default at its end, and the default, both as Markdown."""
    text = (action.help or "") % {**vars(action), "prog": "image_resizer"}
    matched = re.fullmatch(r"(.*?)(?: \(default: (.*)\))?", text, re.DOTALL)
    meaning, default = matched.groups() if matched else (text, None)
    if default is None:
        default = "required" if action.required else "off" if action.const is True else ""
    return _markdown(meaning), _markdown(default)


def _markdown(text: str) -> str:
    """Return plain text as a table cell, with flags formatted as code."""
    escaped = text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
    return _FLAG.sub(r"`\g<0>`", escaped)


if __name__ == "__main__":
    print(page(), end="")
