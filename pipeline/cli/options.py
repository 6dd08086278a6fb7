"""argv -> `Options`. A wrong flag of this program is refused before Beam is loaded, which takes a second."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from pipeline.cli import inputs
from pipeline.cli.annotation_options import annotations_of
from pipeline.cli.beam_flags import check_beam_flags, check_job_labels, max_num_workers
from pipeline.cli.defaults import DATAFLOW_IMAGES_PER_SHARD, LOG_EVERY, REMOTE_PROCESSES
from pipeline.cli.flags import given_flags, parser
from pipeline.cli.listed import check_list_flags
from pipeline.cli.log_file import log_path
from pipeline.cli.run_flags import DEFAULT_LOG_LEVEL
from pipeline.cli.spelling import check_spelling, underscored
from pipeline.cli.values import Limit
from pipeline.errors import UsageError
from transforms import compat, storage
from transforms.dataset.settings import default_images_per_shard
from transforms.imaging.spec import ResizeSpec, SettingError
from transforms.imaging.strict import check_extra
from transforms.model.config import CardText, ListColumns, ResizeConfig, Split, WebPolicy
from transforms.storage import is_local

# Beam's names of the runner that is used for a local run. Beam's own DirectRunner chooses one by what is installed.
LOCAL_RUNNERS = frozenset({"directrunner", "fnapirunner"})
_DATAFLOW = "dataflowrunner"
_FLINK = "flinkrunner"

# Beam flags that say where a job runs -> the runner that they are for.
_RUNNER_OF = {"--region": "DataflowRunner", "--flink_master": "FlinkRunner", "--job_endpoint": "PortableRunner"}

# The OUT of an estimate without -o: no input can be inside it.
NOWHERE = os.devnull


class EstimateRequest(NamedTuple):
    """The request of --estimate.

    Args:
        images: the number of images to resize.
        prices: the path of a JSON file with prices; None for the built-in ones.
        images_per_shard: the number of images in a shard on Dataflow, in every layout.
        workers: the maximum number of Dataflow workers; None for no limit.
    """

    images: int
    prices: str | None
    images_per_shard: int
    workers: int | None


@dataclasses.dataclass(frozen=True)
class Options:
    """A parsed command.

    Args:
        config: the dataset to create.
        estimate: the request of --estimate; None to create the dataset.
        overwrite: delete the dataset in OUT first.
        verify: only check the committed files, by "sizes" or in "full".
        max_failures: exit with code 1 if more images fail; None for no limit.
        log: a file to which the log is also written; None for none.
        log_level: one of `run_flags.LOG_LEVELS`.
        log_every: the number of images between two progress lines in the log.
        quiet: show only warnings and errors.
        report_every: seconds between two reports of a local run; None for one report, at its end.
        runner: Beam's name of the runner; None for the local one.
        wait: follow a Dataflow job to its end.
        local_cluster: the number of TaskManagers of a Flink cluster to start for the run; None to start none.
        shared_filesystem: local paths refer to the same files on every host of the cluster.
        beam_args: the arguments for Beam.
        given: the names of this program's flags in the command line.
    """

    config: ResizeConfig
    estimate: EstimateRequest | None
    overwrite: bool
    verify: str | None
    max_failures: Limit | None
    log: str | None
    log_level: str
    log_every: int
    quiet: bool
    report_every: int | None
    runner: str | None
    wait: bool
    local_cluster: int | None
    shared_filesystem: bool
    beam_args: tuple[str, ...]
    given: frozenset[str]

    @property
    def on_dataflow(self) -> bool:
        """Whether the run is a job on Dataflow."""
        return _is_dataflow(self.runner)

    @property
    def on_flink(self) -> bool:
        """Whether the run is a job on a Flink cluster."""
        return _is_flink(self.runner)

    @property
    def dry_run(self) -> bool:
        """Whether a job is only validated."""
        return _is_dry(self.beam_args)


def parse(argv: Sequence[str]) -> Options:
    """Parse and check a command line.

    Raises:
        UsageError: a value or a flag is wrong.
        SystemExit: the command line contains --help or --version.
    """
    _check_current_folder()
    our_parser = parser()
    ours = compat.flags_of(our_parser)
    argv = underscored(argv, ours)
    check_spelling(argv, ours)
    flags, beam_args = our_parser.parse_known_args(argv)
    if flags.local_cluster is not None and flags.runner is None:
        flags.runner = "FlinkRunner"
    local = flags.runner is None or _full_name(flags.runner) in LOCAL_RUNNERS
    if stored := [file for file in (flags.class_names, flags.class_hierarchy) if file and not is_local(file)]:
        storage.set_options(beam_args)  # they are read at once
        storage.check_buckets([], stored)
    config = _config(flags, local)
    _check_combinations(flags, beam_args, local)
    if beam_args:
        check_beam_flags(beam_args, ours)
    return Options(
        config=config,
        estimate=_estimate_request(flags, beam_args),
        overwrite=flags.overwrite,
        verify=flags.verify,
        max_failures=flags.max_failures,
        log=log_path(flags.log, config.out_dir) if flags.log else None,
        log_level=flags.log_level or DEFAULT_LOG_LEVEL,
        log_every=flags.log_every or LOG_EVERY,
        quiet=flags.quiet,
        report_every=flags.report_every,
        runner=None if local else flags.runner,
        wait=flags.wait,
        local_cluster=flags.local_cluster,
        shared_filesystem=flags.shared_filesystem,
        beam_args=tuple(beam_args),
        given=given_flags(argv),
    )


def _check_current_folder() -> None:
    """Refuse to run in a folder that was deleted, in which no relative path can be resolved."""
    try:
        os.getcwd()
    except OSError as error:
        raise UsageError(f"the current folder cannot be used ({error.strerror}): change to one that exists") from error


def _check_combinations(flags: argparse.Namespace, beam_args: Sequence[str], local: bool) -> None:
    """Refuse flags that contradict each other or do not fit the runner."""
    on_dataflow = _is_dataflow(flags.runner)
    check_job_labels(beam_args)
    _check_quiet(flags)
    if flags.report_every and not local:
        raise UsageError(
            f"--report_every {flags.report_every} has no effect with --runner {flags.runner}: leave it out, and run "
            "python -m pipeline.report OUT after the run"
        )
    for other in ("overwrite", "estimate"):
        if flags.verify and getattr(flags, other):
            raise UsageError(f"--verify and --{other} cannot be combined: use one of them")
    if flags.prices is not None and flags.estimate is None:
        raise UsageError(f"--prices {flags.prices!r} has no effect without --estimate: use both")
    if flags.wait and not on_dataflow:
        raise UsageError(
            "--wait has no effect without --runner DataflowRunner: leave it out; other runners always wait"
        )
    if _is_dry(beam_args) and not on_dataflow:
        raise UsageError("--dry_run has no effect without --runner DataflowRunner: leave it out, or use --estimate")
    if flags.max_failures is not None and on_dataflow and not (flags.wait or flags.verify or flags.estimate):
        raise UsageError(
            f"--max_failures {flags.max_failures} has no effect without --wait, because the command ends before the "
            "job: add --wait, or leave it out"
        )
    if local and not flags.estimate:
        _check_runner_is_given(beam_args)
    _check_flink(flags)


def _check_runner_is_given(beam_args: Sequence[str]) -> None:
    """Refuse Beam flags for a job in a command that would silently run on this machine."""
    for flag, runner in _RUNNER_OF.items():
        if any(arg.partition("=")[0] == flag for arg in beam_args):
            raise UsageError(f"{flag} has no effect without --runner {runner}: add that, or leave out {flag}")


def _check_flink(flags: argparse.Namespace) -> None:
    """Refuse flags for a Flink cluster if the run does not use one."""
    if flags.local_cluster is not None and not _is_flink(flags.runner):
        raise UsageError(
            f"--local_cluster {flags.local_cluster} starts a Flink cluster, but --runner {flags.runner} does not use "
            "one: use only one of these flags"
        )
    if flags.shared_filesystem and not _is_flink(flags.runner):
        raise UsageError("--shared_filesystem has no effect without --runner FlinkRunner: leave it out")


def _check_quiet(flags: argparse.Namespace) -> None:
    """Refuse flags for log lines that are written to neither the terminal nor a file."""
    if not flags.quiet or flags.log:
        return
    for name in ("log_level", "log_every"):
        if (value := getattr(flags, name)) is not None:
            raise UsageError(f"--{name} {value} has no effect with --quiet: leave one of them out, or add -l FILE")


def _is_dry(beam_args: Sequence[str]) -> bool:
    return any(arg.partition("=")[0] == "--dry_run" for arg in beam_args)  # Beam ignores its value, too


def _is_dataflow(runner: str | None) -> bool:
    return runner is not None and _full_name(runner) == _DATAFLOW


def _is_flink(runner: str | None) -> bool:
    return runner is not None and _full_name(runner) == _FLINK


def _full_name(runner: str) -> str:
    """Return the full name of a runner in lowercase: Beam accepts `dataflow`, too."""
    return f"{runner.lower().removesuffix('runner')}runner"


def _estimate_request(flags: argparse.Namespace, beam_args: Sequence[str]) -> EstimateRequest | None:
    if flags.estimate is None:
        return None
    return EstimateRequest(
        images=flags.estimate,
        prices=flags.prices,
        images_per_shard=flags.images_per_shard or DATAFLOW_IMAGES_PER_SHARD,
        workers=max_num_workers(beam_args),
    )


def _config(flags: argparse.Namespace, local: bool) -> ResizeConfig:
    if flags.out_dir is None and flags.estimate is None:
        raise UsageError("-o is missing: add the folder or object store path to write the dataset to")
    splits = inputs.splits(flags.in_dir, flags.split, flags.any_name)
    out_dir = NOWHERE if flags.out_dir is None else inputs.normalize(flags.out_dir, "-o")
    inputs.check_apart(splits, out_dir)
    if flags.list_prefixes:
        inputs.check_prefixes(splits)
    lists = ListColumns(**_fields_of(ListColumns, flags))
    check_list_flags(splits, lists)
    on_dataflow = _is_dataflow(flags.runner)
    default_in_shard = DATAFLOW_IMAGES_PER_SHARD if on_dataflow else default_images_per_shard(flags.layout)
    config = ResizeConfig(
        splits=splits,
        out_dir=out_dir,
        spec=_spec(flags),
        layout=flags.layout,
        images_per_shard=flags.images_per_shard or default_in_shard,
        processes=flags.processes or ((os.cpu_count() or 1) if local else REMOTE_PROCESSES),
        memory=flags.memory,
        sample=flags.sample,
        list_prefixes=flags.list_prefixes or "",
        retry_failed=flags.retry_failed,
        any_name=flags.any_name,
        label_from=flags.label_from or "",
        columns=inputs.table_path(flags.columns, "--columns"),
        attribution=inputs.table_path(flags.attribution, "--attribution"),
        list_columns=lists,
        web=WebPolicy(**_fields_of(WebPolicy, flags)),
        annotations=annotations_of(flags, splits, out_dir),
        card=_card(flags, splits),
        process_per_core=not local,
    )
    inputs.check_tables_apart(config)
    return config


def _fields_of(owner: Any, flags: argparse.Namespace) -> dict[str, Any]:
    """Return the values of the flags that set the fields of a class by name."""
    given = {field.name: getattr(flags, field.name) for field in dataclasses.fields(owner)}
    return {name: value for name, value in given.items() if value is not None}


def _card(flags: argparse.Namespace, splits: Sequence[Split]) -> CardText:
    citation = inputs.read_text(flags.citation, "--citation") if flags.citation else ""
    # The default does not depend on OUT: no byte of a dataset depends on where the dataset is stored.
    names = [split.name for split in splits] if len(splits) > 1 else [inputs.folder_name(flags.in_dir[0])]
    name = (flags.name or "").strip() or ", ".join(names)
    return CardText(name, flags.license or "", citation)


def _spec(flags: argparse.Namespace) -> ResizeSpec:
    """Return the spec. Each flag that has the name of a field sets that field."""
    if flags.exact and flags.reducing_gap is not None:
        raise UsageError(f"--reducing_gap {flags.reducing_gap:g} has no effect with --exact: use only one of them")
    by_name = {field.name: getattr(flags, field.name, None) for field in dataclasses.fields(ResizeSpec)}
    by_name["sizes"] = tuple(sorted(itertools.chain(*flags.size), reverse=True))
    if flags.algorithm is None and flags.mode == "keep":
        by_name["algorithm"] = "nearest"
    try:
        spec = ResizeSpec(**{name: value for name, value in by_name.items() if value is not None})
        check_extra(spec)
        return spec
    except SettingError as error:
        raise UsageError(f"--{error.setting} {error}") from error
