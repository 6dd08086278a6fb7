"""A group of flags, declared with the defaults of the settings that they set."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import Any

from pipeline.cli.defaults import SETTINGS
from pipeline.cli.values import choice
from pipeline.errors import UsageError


class FlagGroup:
    """Adds the flags of one group to a parser.

    Args:
        parser: the parser to which the flags are added.
        title: the heading of the group in --help and in docs/flags.md.
    """

    def __init__(self, parser: argparse.ArgumentParser, title: str) -> None:
        self.title = title
        self.actions: list[argparse.Action] = []
        self._group = parser.add_argument_group(title)

    def add(self, *names: str, choices: Collection[str] = (), **how: Any) -> None:
        """Add a flag that does not set a field of a settings class.

        Args:
            names: the spellings of the flag. The first long one names the value.
            choices: the values that the flag accepts; empty to accept everything that its `type` accepts.
            how: other arguments of `ArgumentParser.add_argument`.
        """
        if choices:
            how |= {"type": choice(choices), "choices": list(choices)}
        if how.get("nargs") == "+":
            how["action"] = _StoreOnce
        self.actions.append(self._group.add_argument(*names, **how))

    def add_setting(self, *names: str, choices: Collection[str] = (), **how: Any) -> None:
        """Add a flag that sets the field of the same name in one of the settings classes, see `defaults.SETTINGS`.

        The default of the field is the default of the flag. A default of "" becomes None, because argparse would check
        it as if the user had typed it.
        """
        field = next(name for name in names if name.startswith("--")).removeprefix("--")
        default = SETTINGS[field]
        self.add(*names, choices=choices, default=None if default == "" else default, **how)


class _StoreOnce(argparse.Action):
    """Stores the values of a flag that takes several. If the flag came twice, the first values would be lost."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002  # the signature of argparse
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest, self.default) is not self.default:
            raise UsageError(f"{option_string} is given more than once: give it once, followed by all its values")
        setattr(namespace, self.dest, values)
