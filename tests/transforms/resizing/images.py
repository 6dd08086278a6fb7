"""Images for workers, and their expected results."""

from pathlib import Path

from tests.support import jpeg
from tests.support.poison import POISON
from tests.transforms.shards import source
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.spec import ResizeSpec
from transforms.model.records import Source
from transforms.resizing.source_result import SourceResult
from transforms.resizing.worker import Task, WorkerSettings, result_of
from transforms.resizing.workers import Workers

MEMORY = 100_000_000
SETTINGS = WorkerSettings(ResizeSpec(sizes=(16, 8), extension="jpg"), "", MEMORY)


def photo_sources(tmp_path: Path, count: int, prefix: str = "p") -> list[Source]:
    return [source(tmp_path, f"{prefix}{number:02d}.jpg", jpeg(number, (40, 30))) for number in range(count)]


def poison_source(tmp_path: Path, name: str = "poison.png") -> Source:
    return source(tmp_path, name, POISON)


def expected(image: Source, settings: WorkerSettings = SETTINGS) -> SourceResult:
    """Return the result that this process computes, without times."""
    return result_of(Task(image, None, settings.memory), settings)._replace(seconds={})


def untimed(results: list[SourceResult]) -> dict[str, SourceResult]:
    return {result.source.path: result._replace(seconds={}) for result in results}


def kinds(results: list[SourceResult]) -> dict[str, Kind | None]:
    outputs = {result.source.path: result.outputs[16] for result in results}
    return {path: output.kind if isinstance(output, ImageError) else None for path, output in outputs.items()}


def exists(process: int) -> bool:
    """Return whether a process is running, and not a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def processes_of(workers: Workers) -> list[int]:
    assert workers._dispatcher is not None
    return [slot.process._process.pid for slot in workers._dispatcher._slots if slot.process]
