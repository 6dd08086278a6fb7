"""argv -> `Options`, checked without Beam, so that a wrong flag or value is refused at once."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.cli import inputs
from pipeline.cli.beam_flags import check_beam_flags, max_num_workers
from pipeline.cli.flags import Limit, parser
from pipeline.errors import UsageError
from transforms import compat
from transforms.dataset.settings import default_images_per_shard
from transforms.imaging.extras import check_extras
from transforms.imaging.spec import ResizeSpec, SettingError
from transforms.model.config import CardText, ResizeConfig, Split
from transforms.storage import is_local

# On a remote runner a process has one core, and a second image keeps it busy while the first is read.
REMOTE_THREADS = 2

# About two and a half minutes of a vCPU, for photographs of 1024 px: long enough that what a shard costs by
# itself is little, short enough that the last ones do not hold up the job, and 240 MB of outputs at 512 px.
DATAFLOW_IMAGES_PER_SHARD = 4000

# Beam's names of what we run ourselves. Its own DirectRunner picks a runner by what is installed.
LOCAL_RUNNERS = frozenset({"directrunner", "fnapirunner"})

# The OUT of a command that writes nothing and names none: nothing can lie below it.
NOWHERE = os.devnull


class EstimateRequest(NamedTuple):
    """What --estimate asks for.

    Args:
        images: how many are looked at.
        prices: the path of a JSON file with prices; None for the usual ones.
        images_per_shard: on Dataflow, in any layout.
        workers: the most that Dataflow may use; None where nothing is said.
    """

    images: int
    prices: str | None
    images_per_shard: int
    workers: int | None


@dataclasses.dataclass(frozen=True)
class Options:
    """A whole command.

    Args:
        config: the dataset to make.
        estimate: only tell what that takes; None makes it.
        overwrite: delete the dataset in OUT first.
        verify: only look whether what is committed is there, by "sizes" or in "full".
        max_failures: exit code 1 if more images failed; None for no limit.
        log: also write the log to this file.
        log_level: one of `flags.LOG_LEVELS`.
        verbose: images between two progress lines in the log.
        report_every: seconds between two pages that tell of a local run; None for one at its end.
        runner: Beam's name of the runner; None for the local one.
        wait: follow a job of Dataflow to its end.
        beam_args: what is Beam's own, as it was given.
    """

    config: ResizeConfig
    estimate: EstimateRequest | None
    overwrite: bool
    verify: str | None
    max_failures: Limit | None
    log: str | None
    log_level: str
    verbose: int
    report_every: int | None
    runner: str | None
    wait: bool
    beam_args: tuple[str, ...]

    @property
    def on_dataflow(self) -> bool:
        """Whether the run is a job of Dataflow."""
        return _is_dataflow(self.runner)

    @property
    def dry_run(self) -> bool:
        """Whether a job is only to be validated."""
        return _is_dry(self.beam_args)


def parse(argv: Sequence[str]) -> Options:
    """The command that `argv` gives.

    Raises:
        UsageError: a value or a flag is wrong.
        SystemExit: --help was asked for.
    """
    ours, others = parser().parse_known_args(argv)
    others += [f"--labels={label}" for label in ours.labels if "=" in label]
    local = ours.runner is None or ours.runner.lower() in LOCAL_RUNNERS
    config = _config(ours, local)
    if others:
        check_beam_flags(others, _flags())
    if ours.report_every and not local:
        raise UsageError(
            f"--report_every {ours.report_every} is for a run on this machine, and {ours.runner} is not: leave it "
            "out, and give python -m pipeline.report OUT when the run is over"
        )
    if ours.log and not is_local(ours.log):
        raise UsageError(f"-l {ours.log!r} is no local file, and the log is written to nothing else: give a local path")
    if ours.verify and ours.overwrite:
        raise UsageError("--verify would have nothing to look at after --overwrite: give one of them")
    options = Options(
        config=config,
        estimate=_estimate(ours, others),
        overwrite=ours.overwrite,
        verify=ours.verify,
        max_failures=ours.max_failures,
        log=os.path.realpath(ours.log) if ours.log else None,
        log_level=ours.log_level,
        verbose=ours.verbose,
        report_every=ours.report_every,
        runner=None if local else ours.runner,
        wait=ours.wait,
        beam_args=tuple(others),
    )
    if options.dry_run and not options.on_dataflow:
        raise UsageError("--dry_run is for --runner DataflowRunner: no other run can be tried without being done")
    return options


def _is_dry(beam_args: Sequence[str]) -> bool:
    return any(arg.partition("=")[0] == "--dry_run" for arg in beam_args)  # whatever its value: so Beam has it


def _is_dataflow(runner: str | None) -> bool:
    return runner is not None and runner.lower() == "dataflowrunner"


def _flags() -> list[str]:
    return compat.flags_of(parser())


def _estimate(ours: argparse.Namespace, others: Sequence[str]) -> EstimateRequest | None:
    if ours.estimate is None:
        if ours.prices is not None:
            raise UsageError(f"--prices {ours.prices!r} has no effect without --estimate: give both")
        return None
    return EstimateRequest(
        images=ours.estimate,
        prices=ours.prices,
        images_per_shard=ours.images_per_shard or DATAFLOW_IMAGES_PER_SHARD,
        workers=max_num_workers(others),
    )


def _config(ours: argparse.Namespace, local: bool) -> ResizeConfig:
    if ours.out_dir is None and ours.estimate is None:
        raise UsageError(
            "-o is missing: give the folder or store path that the dataset goes to (--help lists all flags)"
        )
    splits = inputs.splits(ours.in_dir, ours.split)
    out_dir = NOWHERE if ours.out_dir is None else inputs.normalize(ours.out_dir, "-o")
    inputs.check_apart(splits, out_dir)
    if ours.list_prefixes:
        inputs.check_prefixes(splits)
    on_dataflow = _is_dataflow(ours.runner)
    if ours.wait and not on_dataflow:
        raise UsageError("--wait is for --runner DataflowRunner: every other run is waited for as it is")
    usual = DATAFLOW_IMAGES_PER_SHARD if on_dataflow else default_images_per_shard(ours.layout)
    return ResizeConfig(
        splits=splits,
        out_dir=out_dir,
        spec=_spec(ours),
        layout=ours.layout,
        images_per_shard=ours.images_per_shard or usual,
        threads=ours.processes or ((os.cpu_count() or 1) if local else REMOTE_THREADS),
        memory=ours.memory,
        sample=ours.sample,
        list_prefixes=ours.list_prefixes or "",
        retry_failed=ours.retry_failed,
        any_name=ours.any_name,
        labels=_labels(ours.labels),
        columns=inputs.table(ours.columns, "--columns"),
        attribution=inputs.table(ours.attribution, "--attribution"),
        card=_card(ours, splits),
        process_per_core=not local,
    )


def _labels(given: Sequence[str]) -> str:
    """Our value of a flag that Beam has too, for the labels of a job, which have a "="."""
    own = [label for label in given if "=" not in label]
    if set(own) - {"folder"}:
        raise UsageError(f"--labels {own[0]!r} is none: give folder, or KEY=VALUE for a job on Dataflow")
    return "folder" if own else ""


def _card(ours: argparse.Namespace, splits: Sequence[Split]) -> CardText:
    if not re.fullmatch(r"[\w.-]*", ours.license):
        raise UsageError(f"--license {ours.license!r} is no identifier: give one such as cc-by-4.0, or other")
    citation = inputs.text(ours.citation, "--citation") if ours.citation else ""
    name = ours.name.strip() or ", ".join(split.name for split in splits)  # not by OUT, on which no byte depends
    return CardText(name, ours.license, citation)


def _spec(ours: argparse.Namespace) -> ResizeSpec:
    if ours.exact and ours.reducing_gap is not None:
        raise UsageError(f"--reducing_gap {ours.reducing_gap:g} has no effect with --exact: give one of them")
    flags = {field.name: getattr(ours, field.name, None) for field in dataclasses.fields(ResizeSpec)}
    given = {name: value for name, value in flags.items() if value is not None}
    given["sizes"] = tuple(sorted(itertools.chain(*ours.size), reverse=True))
    given["extension"] = ours.extension.lower().removeprefix(".")
    given["algorithm"] = (ours.algorithm or ("nearest" if ours.mode == "keep" else "lanczos")).lower()
    try:
        spec = ResizeSpec(**given)
        check_extras(spec)
        return spec
    except SettingError as error:
        raise UsageError(f"--{error.setting} {error}") from error
