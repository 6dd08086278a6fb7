"""A group of flags, declared with the defaults of the settings that they set."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import Any

from pipeline.cli.defaults import SETTINGS
from pipeline.cli.values import choice


class FlagGroup:
    """Adds the flags of one group to a parser.

    Args:
        parser: gets the flags.
        title: the heading of the group in --help and in docs/flags.md.
    """

    def __init__(self, parser: argparse.ArgumentParser, title: str) -> None:
        self.title = title
        self.actions: list[argparse.Action] = []
        self._group = parser.add_argument_group(title)

    def add(self, *names: str, choices: Collection[str] = (), **how: Any) -> None:
        """Add a flag that belongs to the command.

        Args:
            names: its spellings; the first long one names the value.
            choices: the values that it accepts; none accepts all that its `type` accepts.
            how: other arguments of `ArgumentParser.add_argument`.
        """
        if choices:
            how |= {"type": choice(choices), "choices": list(choices)}
        self.actions.append(self._group.add_argument(*names, **how))

    def add_setting(self, *names: str, choices: Collection[str] = (), **how: Any) -> None:
        """Add a flag that sets the field of its name in one of the classes of settings, see `defaults.SETTINGS`.

        The field has the default. One that is "" becomes None, since argparse would check it as if somebody had
        typed it.
        """
        field = next(name for name in names if name.startswith("--")).removeprefix("--")
        default = SETTINGS[field]
        self.add(*names, choices=choices, default=None if default == "" else default, **how)
