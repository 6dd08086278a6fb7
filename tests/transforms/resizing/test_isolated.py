"""Images that kill the process that decodes them."""

import os
import random
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.support import image_bytes, jpeg
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec
from transforms.resizing.isolated import IsolatedDecoder

SPEC = ResizeSpec(sizes=(16, 8), extension="jpg")
MEMORY = 100_000_000


def poison(folder: Path, action: str, size: tuple[int, int] = (13, 13), image_format: str = "PNG") -> str:
    """Return a folder for PYTHONPATH. A process with it runs `action` when it decodes an image of `size`.

    `image_format` is PNG or GIF.
    """
    plugin = f"{image_format.capitalize()}ImagePlugin"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        "import os, signal, sys, time\n"
        f"from PIL import Image, {plugin}\n"
        f"class Poisoned({plugin}.{image_format.capitalize()}ImageFile):\n"
        "    def load(self):\n"
        f"        if self.size == {size}: {action}\n"
        "        return super().load()\n"
        "def harm(count):\n"  # the image itself succeeds, and the process dies when it opens the count-th file after it
        "    if hasattr(Image, 'left'): return\n"
        "    Image.left, opened = count, Image.open\n"
        "    def dying(*arguments, **settings):\n"
        "        Image.left -= 1\n"
        "        if not Image.left: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "        return opened(*arguments, **settings)\n"
        "    Image.open = dying\n"
        f"{plugin}.Image.register_open('{image_format}', Poisoned, {plugin}._accept)\n"
    )
    return str(folder)


POISON = image_bytes(Image.new("RGB", (13, 13)), "PNG")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "it ends the process that decodes it (SIGSEGV)"),
        ("os._exit(3)", "it ends the process that decodes it (exit code 3)"),
        ("time.sleep(60)", "it is not made after 2 s"),
    ],
)
def test_a_crash_costs_one_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, action: str, message: str) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path, action))
    isolated = IsolatedDecoder(MEMORY, seconds=2)
    first, crashed, second = (isolated.process(data, SPEC) for data in (jpeg(1, (40, 30)), POISON, jpeg(2, (40, 30))))
    for result, seed in ((first, 1), (second, 2)):
        assert result == process_image(jpeg(seed, (40, 30)), SPEC)
        assert isinstance(result.outputs[16], Encoded)
    assert set(crashed.outputs) == {16, 8}
    for error in crashed.outputs.values():
        assert isinstance(error, ImageError)
        assert (error.kind, error.message) == (Kind.CRASHED, message)
    isolated.close()


@pytest.mark.parametrize("count", range(1, 5))
def test_an_image_does_not_fail_because_an_earlier_one_damaged_its_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, count: int
) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path, f"harm({count})"))
    isolated = IsolatedDecoder(MEMORY)
    images = [jpeg(1, (40, 30)), POISON, *(jpeg(seed, (40, 30)) for seed in range(2, 8))]
    assert [isolated.process(data, SPEC) for data in images] == [process_image(data, SPEC) for data in images]
    isolated.close()


def test_an_image_that_crashes_fails_also_in_a_child_that_made_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deaths = tmp_path / "deaths"
    action = f"open({str(deaths)!r}, 'a').write('x'); os.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path, action))
    isolated = IsolatedDecoder(MEMORY)
    kinds = []
    for data in (jpeg(1, (40, 30)), POISON, POISON, jpeg(2, (40, 30))):
        output = isolated.process(data, SPEC).outputs[16]
        kinds.append(output.kind if isinstance(output, ImageError) else None)
    assert kinds == [None, Kind.CRASHED, Kind.CRASHED, None]
    assert (
        deaths.read_text() == "xxx"
    )  # of the first: in a child that made another image, and in a new one; of the second: in a new one
    isolated.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_innocent_image_is_blamed_in_20_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)"))
    images = [jpeg(number, (40, 30)) for number in range(6)] + [POISON, POISON]
    random.Random(seed).shuffle(images)
    isolated = IsolatedDecoder(MEMORY)
    for data in images:
        result = isolated.process(data, SPEC)
        if data == POISON:
            assert {getattr(output, "kind", None) for output in result.outputs.values()} == {Kind.CRASHED}
        else:
            assert result == process_image(data, SPEC)
    isolated.close()


def test_the_errors_of_an_image_are_those_of_process_image() -> None:
    isolated = IsolatedDecoder(MEMORY)
    for data in (b"no image", jpeg(1, (400, 300))[:-900]):
        (isolated_error, _), (error, _) = (
            result.outputs.values() for result in (isolated.process(data, SPEC), process_image(data, SPEC))
        )
        assert isinstance(isolated_error, ImageError)
        assert isinstance(error, ImageError)
        assert (isolated_error.kind, isolated_error.stage, str(isolated_error)) == (error.kind, error.stage, str(error))
    skipped = isolated.process(jpeg(1, (40, 30)), ResizeSpec(min_side=100))
    assert str(skipped.outputs[512]) == "min-side"
    isolated.close()


def test_an_image_that_needs_more_than_all_memory_is_too_large() -> None:
    isolated = IsolatedDecoder(memory=1000)
    for output in isolated.process(jpeg(1, (40, 30)), SPEC).outputs.values():
        assert isinstance(output, ImageError)
        assert output.kind is Kind.TOO_LARGE
    isolated.close()


def test_a_child_ends_when_its_parent_closes_or_drops_it() -> None:
    isolated = IsolatedDecoder(MEMORY)
    isolated.process(jpeg(1, (40, 30)), SPEC)
    assert isolated._child is not None
    child = isolated._child.pid
    isolated.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    isolated.process(jpeg(1, (40, 30)), SPEC)
    process = isolated._child
    del isolated  # as a runner drops the objects of a bundle that failed
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.returncode == 0
