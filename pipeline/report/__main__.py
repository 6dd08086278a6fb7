"""`python -m pipeline.report OUT`: rewrite OUT/report.html of a dataset in a folder or an object store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pipeline.cli.help import print_page
from pipeline.cli.inputs import normalize
from pipeline.errors import UsageError
from pipeline.report.write import write_report
from pipeline.terminal import log
from transforms import storage
from transforms.model.errors import RunError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Return its exit code: 2 if the arguments are wrong or OUT has no complete dataset, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.report", description="Rewrite OUT/report.html, the report of a complete dataset."
    )
    parser.add_argument("out_dir", metavar="OUT", help="the dataset: a folder or an object store path")
    args, beam_args = parser.parse_known_args(argv)
    try:
        out_dir = normalize(args.out_dir, "OUT")
        if storage.is_local(out_dir) and beam_args:
            raise UsageError(f"unexpected argument {beam_args[0]!r}: for a local dataset, pass only OUT")
        log.configure("info", None)
        if not storage.is_local(out_dir):
            storage.set_options(beam_args)
        print_page(write_report(out_dir))
    except (UsageError, RunError) as error:
        print(f"pipeline.report: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
