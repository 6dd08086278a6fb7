"""-h prints the most common flags, and --help prints all flags."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection
from typing import Any, NoReturn

from pipeline.errors import UsageError
from transforms.imaging.spec import FITS, FORMATS
from transforms.layouts import LAYOUTS

USAGE = "image_resizer -i IN [IN ...] -o OUT [-s SIZE ...] [-ext EXT] [other flags]"
DESCRIPTION = "Resize a large collection of images. Run the same command again to continue where it stopped."

# The three examples work one after the other in a folder that contains a folder `photos`.
_PAGE = """\
usage: {usage}

{description}

  -i IN ...            a folder, a pattern, an image, an archive, an object store path such as gs://bucket/train,
                       a web address, or a list of paths and web addresses
  -o OUT               the folder or object store path to write the dataset to
  -s SIZE ...          the longest side in pixels, one or more sizes (default: 512)
  -ext EXT             {formats} (default: the format of each source)
  --fit FIT            {fits} (default: contain)
  --layout LAYOUT      {layouts} (default: files)
  --label_from folder  label each image with the name of its folder
  -j N                 the number of worker processes (default: the number of cores)
  --estimate           print the estimated output size, time and cost, and write nothing
  --verify             check the files of the dataset in OUT, and write no images

Examples:
  {command} -i photos --estimate
  {command} -i photos -o small -s 512 -ext jpg
  {command} -i photos -o squares -s 256 128 --fit crop --layout webdataset

--help shows all flags.
"""


def short_page(command: str) -> str:
    """Return the page of -h.

    Args:
        command: the start of the command lines in the examples.
    """
    return _PAGE.format(
        usage=USAGE,
        description=DESCRIPTION,
        formats=_or(FORMATS),
        fits=_or(FITS),
        layouts=_or(LAYOUTS),
        command=command,
    )


def _or(words: Collection[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}"


def started_by(script: str, python: str) -> str:
    """Return what the user types to start the program in the same way as now.

    Args:
        script: the path of the running script.
        python: the path of the interpreter.
    """
    name = os.path.basename(script)
    if not name.endswith(".py"):
        return name
    path = os.path.relpath(python)
    interpreter = "python" if path.startswith("..") else path
    return f"{interpreter} {'-m pipeline' if name == '__main__.py' else script}"


def print_page(text: str) -> None:
    """Print a text to standard output. A reader may close its pipe early, as `head` does.

    Raises:
        UsageError: the text cannot be written, as to a full disk.
    """
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # otherwise Python tries to write the rest again when it exits
        if not isinstance(error, BrokenPipeError):
            raise UsageError(
                f"cannot write to standard output: {error.strerror}; check the file to which it is redirected"
            ) from error


class _Page(argparse.Action):
    """Prints a page and exits."""

    def __init__(self, option_strings: list[str], dest: str, help: str) -> None:  # noqa: A002  # argparse's name
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        print_page(self.page(parser).rstrip("\n"))
        parser.exit()

    def page(self, parser: argparse.ArgumentParser) -> str:
        raise NotImplementedError


class ShortHelp(_Page):
    """Prints the page of the most common flags."""

    def page(self, parser: argparse.ArgumentParser) -> str:  # noqa: ARG002  # FullHelp needs it
        return short_page(started_by(sys.argv[0], sys.executable))


class FullHelp(_Page):
    """Prints all flags."""

    def page(self, parser: argparse.ArgumentParser) -> str:
        return parser.format_help()
