"""A shard of images that tests make."""

from pathlib import Path

from tests.support import write_tree
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig, Split
from transforms.model.records import Shard, Source
from transforms.resizing.source_result import SourceResult
from transforms.resizing.worker import Job, Task, result_of

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
    return result_of(Task(source(tmp_path, name, data), None, MEMORY), job(config(tmp_path, *sizes)))


def job(settings: ResizeConfig, staging: str = "") -> Job:
    return Job(settings.spec, staging, MEMORY)
