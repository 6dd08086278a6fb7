"""`python -m pipeline.report OUT`: makes OUT/report.html again, wherever OUT is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pipeline.cli.inputs import normalize
from pipeline.errors import UsageError
from pipeline.report.write import write_report
from pipeline.terminal import log
from transforms import storage
from transforms.model.errors import RunError


def main(argv: Sequence[str] | None = None) -> int:
    """The command; gives its exit code, 2 where there is no complete dataset."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.report", description="Make OUT/report.html.")
    parser.add_argument("out_dir", metavar="OUT", help="a dataset: a folder or a store path")
    args, beam_args = parser.parse_known_args(argv)
    try:
        out_dir = normalize(args.out_dir, "OUT")
        if storage.is_local(out_dir) and beam_args:
            raise UsageError(f"{beam_args[0]!r} is no flag for a folder of this machine: give OUT alone")
        log.configure("info", None)
        if not storage.is_local(out_dir):
            storage.set_options(beam_args)
        path = write_report(out_dir)
    except (UsageError, RunError) as error:
        print(f"pipeline.report: {error}", file=sys.stderr)
        return 2
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
