"""A shard of images that tests make."""

from pathlib import Path

from tests.support import jpeg, write_tree
from transforms.imaging.spec import ResizeSpec
from transforms.listing.match import to_source
from transforms.model.config import ResizeConfig, Split
from transforms.model.records import ResizedShard, Shard, Source
from transforms.resizing.assemble import assemble
from transforms.resizing.source_result import SourceResult
from transforms.resizing.worker import Task, WorkerSettings, result_of

SHARD = Shard("a", 0, 1)
MEMORY = 4_000_000_000


def config(tmp_path: Path, *sizes: int, layout: str = "files") -> ResizeConfig:
    (tmp_path / "out" / ".run").mkdir(parents=True, exist_ok=True)  # a run makes this folder before everything else
    spec = ResizeSpec(sizes=sizes or (8,))
    return ResizeConfig((Split("a", f"{tmp_path}/in/**", f"{tmp_path}/in"),), f"{tmp_path}/out", spec, layout, 100, 2)


def source(tmp_path: Path, name: str, data: bytes | None) -> Source:
    if data is not None:
        write_tree(tmp_path / "in", {name: data})
    return Source(name.rpartition(".")[0], name, str(tmp_path / "in" / name), len(data or b""), 1.0)


def result(tmp_path: Path, name: str, data: bytes | None, *sizes: int) -> SourceResult:
    return result_of(Task(source(tmp_path, name, data), None, MEMORY), worker_settings(config(tmp_path, *sizes)))


def resized(tmp_path: Path, *names: str, layout: str = "files") -> ResizedShard:
    """Return a shard of images with these names, for `commit`."""
    settings = config(tmp_path, layout=layout)
    write_tree(tmp_path / "in", {name: jpeg(1, (9, 9)) for name in names})
    sources = [to_source(("a", name.encode(), 1, 1.0, b""), settings) for name in names]
    of_layout = worker_settings(settings, settings.out_dir if layout == "files" else "")
    results = [result_of(Task(source, None, MEMORY), of_layout) for source in sources]
    return assemble(SHARD, "digest of " + " ".join(names), results, settings)


def worker_settings(settings: ResizeConfig, staging: str = "") -> WorkerSettings:
    return WorkerSettings(settings.spec, staging, MEMORY)
